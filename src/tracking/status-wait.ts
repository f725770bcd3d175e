import type { StatusBoard } from './status-board.ts'
import type { StatusSnapshot } from './status-snapshot.ts'
import type { StartTimer } from './status-timer.ts'

export type StatusWait = {
  /** Undefined for an asset never heard of, or forgotten meanwhile. */
  answer: Promise<StatusSnapshot | undefined>
  /** Ends the wait at once: nobody is there any more to be answered. */
  leave(): void
}

/**
 * Waits until nothing is pending any more, or until the caller does not know the present state (`isKnown` is false for
 * its ETag), or for `ms`; then answers with the newest state. A service that stops answers its waiters early.
 */
export function waitForStatus(
  { board, startTimer }: { board: StatusBoard; startTimer: StartTimer },
  fileId: string,
  { ms, isKnown }: { ms: number; isKnown: (etag: string) => boolean },
): StatusWait {
  let leave = () => {}
  const answer = new Promise<StatusSnapshot | undefined>((resolve, reject) => {
    let latest: StatusSnapshot | undefined
    let hasSeen = false
    let isTimeUp = false

    const end = (): void => {
      stopWatching()
      stopTimer()
    }
    const finish = (): void => {
      end()
      resolve(latest)
    }
    const see = (snapshot: StatusSnapshot | undefined): void => {
      hasSeen = true
      latest = snapshot
      if (isTimeUp || snapshot === undefined || !snapshot.isPending || !isKnown(snapshot.etag)) finish()
    }
    const callTime = (): void => {
      isTimeUp = true
      if (hasSeen) finish()
    }

    const stopWatching = board.watch(fileId, (news) => {
      switch (news.what) {
        case 'changed':
          return see(news.snapshot)
        case 'forgotten':
          return see(undefined)
        case 'closing':
          return callTime()
      }
    })
    const stopTimer = startTimer(ms, callTime)
    leave = finish
    board.find(fileId).then(
      (snapshot) => {
        if (!hasSeen) see(snapshot)
      },
      (error: unknown) => {
        end()
        reject(error)
      },
    )
  })
  return { answer, leave }
}
