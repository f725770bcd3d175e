import { TrackerError } from '../domain/errors.ts'
import type { Store } from '../store/store.ts'

/**
 * Rejects unless a delivery could be stored at the latest probe. `queuedWrites`: how many earlier writes have failed and wait for a
 * retry.
 */
export type Readiness = { check(): Promise<{ queuedWrites: number }> }

/**
 * Probes the store at most once in `freshMs`, so that a flood of requests costs little. Rejects with the store's error. The message
 * of `store_unavailable` says since when the store has been unavailable.
 */
export function createReadiness(deps: {
  store: Pick<Store, 'probe'>
  writeRetries: { size(): number }
  outage: StoreOutage
  freshMs?: number
}): Readiness {
  const { store, writeRetries, outage, freshMs = 1000 } = deps
  const probeStore = async (): Promise<void> => {
    try {
      await store.probe()
      outage.note(true)
    } catch (error) {
      if (!(error instanceof TrackerError) || error.code !== 'store_unavailable') throw error
      outage.note(false)
      const since = new Date(outage.since() ?? 0).toISOString()
      throw new TrackerError(error.code, `${error.message} Unavailable since ${since}.`, {
        cause: error.cause,
      })
    }
  }
  let probe: { startedAt: number; result: Promise<void> } | undefined
  return {
    async check() {
      const now = performance.now()
      if (probe === undefined || now - probe.startedAt > freshMs)
        probe = { startedAt: now, result: probeStore() }
      await probe.result
      return { queuedWrites: writeRetries.size() }
    },
  }
}

/** Since when the store has been unavailable, as far as this process has noticed from opening it, from heartbeats and from probes. */
export type StoreOutage = {
  /** Null if the latest of these succeeded. */
  since(): number | null
  /** Records the result of using the store just now. */
  note(isUsable: boolean): void
}

export function createStoreOutage({ clock }: { clock: () => number }): StoreOutage {
  let since: number | null = null
  return {
    since: () => since,
    note(isUsable) {
      since = isUsable ? null : (since ?? clock())
    },
  }
}
