import type { Store } from '../store/store.ts'
/** Whether a delivery could be written down now. */
export type Readiness = { check(): Promise<{ answersWaiting: number }> }

/** Asks the store at most once in `freshMs`, so that the address is dull to hammer. Rejects as the store does. */
export function createReadiness(deps: {
  store: Pick<Store, 'probe'>
  backlog: { size(): number }
  freshMs?: number
}): Readiness {
  const { store, backlog, freshMs = 1000 } = deps
  let probe: { startedAt: number; result: Promise<void> } | undefined
  return {
    async check() {
      const now = performance.now()
      if (probe === undefined || now - probe.startedAt > freshMs)
        probe = { startedAt: now, result: store.probe() }
      await probe.result
      return { answersWaiting: backlog.size() }
    },
  }
}
