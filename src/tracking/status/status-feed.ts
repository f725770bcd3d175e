import type { StatusCache } from './status-cache.ts'
import { newerOf, type ReadSnapshot, type StatusSnapshot } from './status-snapshot.ts'

/** The newest status that a follower has not received yet. Older ones are skipped if the follower is slow. */
export type StatusFeed = {
  /** Returns the newest status if it was not taken yet. */
  take(): StatusSnapshot | undefined
  /**
   * True if nothing more follows: the status last taken has nothing pending, or the asset was forgotten, or the service stops.
   */
  isOver(): boolean
  /** Stops following. */
  leave(): void
}

export type FollowedStatus =
  /** There is no such asset or submission. */
  | { kind: 'unknown' }
  /** Nothing is pending, and the follower already has this status. */
  | { kind: 'up_to_date' }
  | { kind: 'following'; feed: StatusFeed }

export type Follower = {
  /** Whether the follower already has this version of the status. */
  isKnown: (version: string) => boolean
  /**
   * Called when there may be a newer status, and when the asset is forgotten or the service stops: then call `take`, and after it
   * `isOver`. Quick changes may cause a single call. It need not be called for the first status, so call `take` once `followStatus`
   * has resolved; before that, calls may be ignored.
   */
  wake: () => void
}

/** Follows the status of the asset or submission with this id: first the present one, unless it `isKnown`, then newer ones. */
export async function followStatus(
  { statuses }: { statuses: StatusCache },
  id: string,
  { isKnown, wake }: Follower,
): Promise<FollowedStatus> {
  let lastVersion: string | undefined
  let newest: ReadSnapshot | undefined
  let isEnding = false

  const leave = statuses.watch(id, (event) => {
    switch (event.kind) {
      case 'changed':
        newest = event.snapshot.version === lastVersion ? undefined : event.snapshot
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
      lastVersion = taken.version
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
    const found = await statuses.find(id)
    const present = newerOf(newest, found)
    newest = undefined
    if (present === undefined) {
      leave()
      return { kind: 'unknown' }
    }
    if (!isKnown(present.version)) {
      newest = present
      return { kind: 'following', feed }
    }
    lastVersion = present.version
    if (present.isPending) return { kind: 'following', feed }
    leave()
    return { kind: 'up_to_date' }
  } catch (error) {
    leave()
    throw error
  }
}
