import type { StartTimer, StatusCache } from './status-cache.ts'
import { newerOf, type ReadSnapshot } from './status-snapshot.ts'

export type StatusWait = {
  /** Undefined for an asset or submission that is unknown, or was forgotten meanwhile; after `leave` it may be undefined for any. */
  result: Promise<ReadSnapshot | undefined>
  /** Ends the wait at once, because the caller has disconnected. */
  leave(): void
}

/**
 * Waits until nothing is pending, or the present status is new to the caller (`isKnown` is false for its version), but at most
 * `ms` milliseconds; then resolves with the newest status, which may have to be read first. When the service stops, it resolves
 * early. Rejects with the store's error.
 */
export function waitForStatus(
  { statuses, startTimer }: { statuses: StatusCache; startTimer: StartTimer },
  id: string,
  { ms, isKnown }: { ms: number; isKnown: (version: string) => boolean },
): StatusWait {
  let leave = () => {}
  const result = new Promise<ReadSnapshot | undefined>((resolve, reject) => {
    let latest: ReadSnapshot | undefined
    /** True also if the first `find` has resolved with undefined. */
    let isFirstReadDone = false
    let isForgotten = false
    let isTimeUp = false

    const end = (): void => {
      stopWatching()
      stopTimer()
    }
    const finish = (): void => {
      end()
      resolve(latest)
    }
    const receive = (snapshot: ReadSnapshot | undefined): void => {
      latest = snapshot
      if (isTimeUp || snapshot === undefined || !snapshot.isPending || !isKnown(snapshot.version)) finish()
    }
    // Reads the status again: another process may have changed it while the store could not be read.
    const endWait = (): void => {
      isTimeUp = true
      if (!isFirstReadDone) return
      end()
      statuses.find(id).then(resolve, reject)
    }

    const stopWatching = statuses.watch(id, (event) => {
      switch (event.kind) {
        case 'changed':
          if (isFirstReadDone) receive(event.snapshot)
          else latest = newerOf(latest, event.snapshot)
          return
        case 'forgotten':
          if (isFirstReadDone) receive(undefined)
          else isForgotten = true
          return
        case 'closing':
          return endWait()
      }
    })
    const stopTimer = startTimer(ms, endWait)
    leave = finish
    statuses.find(id).then(
      (snapshot) => {
        isFirstReadDone = true
        receive(isForgotten ? undefined : newerOf(latest, snapshot))
      },
      (error: unknown) => {
        end()
        reject(error)
      },
    )
  })
  return { result, leave }
}
