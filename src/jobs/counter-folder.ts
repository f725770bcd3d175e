import type { Store } from '../store/store.ts'
import type { UpkeepLease } from '../tracking/upkeep-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

type CounterFolderDeps = {
  store: Pick<Store, 'foldCounters'>
  lease: Pick<UpkeepLease, 'current'>
  log: { error(fields: object, text: string): void }
}

/** A read adds up what was not folded, which takes a microsecond for each change. */
const EVERY_MS = 250
const BETWEEN_MS = 20

/** Adds up what recent batches have counted, so that reading the counters stays cheap. */
export function createCounterFolder({ store, lease, log }: CounterFolderDeps): Repeated {
  return repeat(
    async () => {
      const held = lease.current()
      const isMore = held !== null && (await store.foldCounters(held))
      return isMore ? BETWEEN_MS : EVERY_MS
    },
    {
      afterFailureMs: EVERY_MS,
      onError: (err) => log.error({ err }, 'counters could not be added up'),
    },
  )
}
