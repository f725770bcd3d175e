import type { StatusBoard } from './status-board.ts'
import type { StatusSnapshot } from './status-snapshot.ts'

/** What a follower has still to be told: never more than the newest state, however slowly it takes it. */
export type StatusFeed = {
  /** The newest state that was not taken yet. */
  take(): StatusSnapshot | undefined
  /** Nothing more will come: what was last taken has nothing pending, or the service stops. */
  isOver(): boolean
  leave(): void
}

export type FollowedStatus =
  | { what: 'unknown' }
  /** Nothing is pending, and the follower has it already. */
  | { what: 'nothing new' }
  | { what: 'following'; feed: StatusFeed }

export type Follower = {
  /** Whether the follower has the state of this ETag already. */
  isKnown: (etag: string) => boolean
  /** Called when there is something to take, or when it is over. */
  wake: () => void
}

/**
 * Follows what the board has the status of: first its present state, unless that is the one that `isKnown`, then each change.
 */
export async function followStatus(
  { board }: { board: StatusBoard },
  id: string,
  { isKnown, wake }: Follower,
): Promise<FollowedStatus> {
  let seenEtag: string | undefined
  let newest: StatusSnapshot | undefined
  let isEnding = false

  const leave = board.watch(id, (news) => {
    switch (news.what) {
      case 'changed':
        newest = news.snapshot.etag === seenEtag ? undefined : news.snapshot
        return wake()
      case 'forgotten':
      case 'closing':
        isEnding = true
        return wake()
    }
  })

  const feed: StatusFeed = {
    take() {
      const taken = newest
      newest = undefined
      if (taken === undefined) return undefined
      seenEtag = taken.etag
      if (!taken.isPending) {
        isEnding = true
        leave()
      }
      return taken
    },
    isOver: () => isEnding && newest === undefined,
    leave,
  }

  try {
    const found = await board.find(id)
    const present = newest ?? found
    if (present === undefined) {
      leave()
      return { what: 'unknown' }
    }
    if (!isKnown(present.etag)) {
      newest = present
      return { what: 'following', feed }
    }
    seenEtag = present.etag
    newest = undefined
    if (present.isPending) return { what: 'following', feed }
    leave()
    return { what: 'nothing new' }
  } catch (error) {
    leave()
    throw error
  }
}
