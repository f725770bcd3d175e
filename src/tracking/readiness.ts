import { TrackerError } from '../domain/errors.ts'
import type { Store } from '../store/store.ts'
import type { StoreOutage } from './store-outage.ts'

/** Whether a delivery could be written down now. */
export type Readiness = { check(): Promise<{ answersWaiting: number }> }

/**
 * Asks the store at most once in `freshMs`, so that the address is dull to hammer. Rejects as the store does, and says since when
 * it cannot be used.
 */
export function createReadiness(deps: {
  store: Pick<Store, 'probe'>
  backlog: { size(): number }
  outage: StoreOutage
  freshMs?: number
}): Readiness {
  const { store, backlog, outage, freshMs = 1000 } = deps
  const tryStore = async (): Promise<void> => {
    try {
      await store.probe()
      outage.note(true)
    } catch (error) {
      if (!(error instanceof TrackerError) || error.code !== 'store_unavailable') throw error
      outage.note(false)
      const since = new Date(outage.since() ?? 0).toISOString()
      throw new TrackerError(error.code, `${error.message} It has not been usable since ${since}.`, {
        cause: error.cause,
      })
    }
  }
  let probe: { startedAt: number; result: Promise<void> } | undefined
  return {
    async check() {
      const now = performance.now()
      if (probe === undefined || now - probe.startedAt > freshMs)
        probe = { startedAt: now, result: tryStore() }
      await probe.result
      return { answersWaiting: backlog.size() }
    },
  }
}
