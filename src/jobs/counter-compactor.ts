import type { Store } from '../store/store.ts'
import type { MaintenanceLease } from '../tracking/maintenance-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

export type CounterCompactorDeps = {
  store: Pick<Store, 'foldCounters'>
  lease: Pick<MaintenanceLease, 'current'>
  log: { error(fields: object, text: string): void }
}

/** Often, because each read adds up the changes that are not folded yet, which takes a microsecond per change. */
const EVERY_MS = 250
const BETWEEN_MS = 20
const AFTER_FAILURE_MS = 5_000

/** Adds up the counts of recent batches, so that reading the counters stays cheap. */
export function createCounterCompactor({ store, lease, log }: CounterCompactorDeps): Repeated {
  return repeat(
    async () => {
      const current = lease.current()
      const isMore = current !== null && (await store.foldCounters(current))
      return isMore ? BETWEEN_MS : EVERY_MS
    },
    {
      afterFailureMs: AFTER_FAILURE_MS,
      onError: (err) =>
        log.error({ event: 'counter_compaction.failed', err }, 'counters could not be added up'),
    },
  )
}
