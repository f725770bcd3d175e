import type { Store } from '../store/store.ts'
import type { MaintenanceLease } from '../tracking/maintenance-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

export type CounterCompactorDeps = {
  store: Pick<Store, 'foldCounters'>
  lease: Pick<MaintenanceLease, 'current'>
  log: { error(fields: object, text: string): void }
}

/** Short, because each read of the counters also adds up the deltas that are not folded yet, about a microsecond each. */
const EVERY_MS = 250
const WHILE_MORE_MS = 20
const AFTER_FAILURE_MS = 5_000

/** Folds the deltas of recent batches into the counters, so that reading these stays cheap. */
export function createCounterCompactor({ store, lease, log }: CounterCompactorDeps): Repeated {
  return repeat(
    async () => {
      const current = lease.current()
      const hasMore = current !== null && (await store.foldCounters(current))
      return hasMore ? WHILE_MORE_MS : EVERY_MS
    },
    {
      afterFailureMs: AFTER_FAILURE_MS,
      onError: (err) =>
        log.error({ event: 'counter_compaction.failed', err }, 'counter deltas could not be folded'),
    },
  )
}
