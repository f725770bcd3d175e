import type { StartTimer, StatusCache } from './status-cache.ts'
import type { StatusSnapshot } from './status-snapshot.ts'

export type StatusWait = {
  /** Undefined for an asset or submission that is unknown, or was forgotten meanwhile. */
  result: Promise<StatusSnapshot | undefined>
  /** Ends the wait at once, because the caller has disconnected. */
  leave(): void
}

/**
 * Waits until nothing is pending, or the present status is new to the caller (`isKnown` is false for its version), but at most
 * `ms` milliseconds; then resolves with the newest status. When the service stops, it resolves early. Rejects with the store's
 * error.
 */
export function waitForStatus(
  { statuses, startTimer }: { statuses: StatusCache; startTimer: StartTimer },
  fileId: string,
  { ms, isKnown }: { ms: number; isKnown: (version: string) => boolean },
): StatusWait {
  let leave = () => {}
  const result = new Promise<StatusSnapshot | undefined>((resolve, reject) => {
    let latest: StatusSnapshot | undefined
    let hasSnapshot = false
    let isTimeUp = false

    const end = (): void => {
      stopWatching()
      stopTimer()
    }
    const finish = (): void => {
      end()
      resolve(latest)
    }
    const receive = (snapshot: StatusSnapshot | undefined): void => {
      hasSnapshot = true
      latest = snapshot
      if (isTimeUp || snapshot === undefined || !snapshot.isPending || !isKnown(snapshot.version)) finish()
    }
    // Reads the status again: another process may have changed it while the store could not be read.
    const endWait = (): void => {
      isTimeUp = true
      if (!hasSnapshot) return
      end()
      statuses.find(fileId).then(resolve, reject)
    }

    const stopWatching = statuses.watch(fileId, (event) => {
      switch (event.kind) {
        case 'changed':
          return receive(event.snapshot)
        case 'forgotten':
          return receive(undefined)
        case 'closing':
          return endWait()
      }
    })
    const stopTimer = startTimer(ms, endWait)
    leave = finish
    statuses.find(fileId).then(
      (snapshot) => {
        if (!hasSnapshot) receive(snapshot)
      },
      (error: unknown) => {
        end()
        reject(error)
      },
    )
  })
  return { result, leave }
}
