import type { Store, StoreLifecycle } from '../../store/store.ts'
import { type HeartbeatSeries, SILENT_MS } from '../heartbeat-series.ts'

export type RecoverAbandonedDeps = {
  store: Pick<Store, 'recoverAbandoned'> & Pick<StoreLifecycle, 'isShared'>
  heartbeatSeries: Pick<HeartbeatSeries, 'provesSilence'>
  clock: () => number
  log: { warn(fields: object, text: string): void }
}

/**
 * Recovers the unfinished work of ended processes. A process that has the database to itself knows that all others have ended.
 */
export async function recoverAbandoned({
  store,
  heartbeatSeries,
  clock,
  log,
}: RecoverAbandonedDeps): Promise<void> {
  if (store.isShared && !heartbeatSeries.provesSilence()) return
  const now = clock()
  const { submissions } = await store.recoverAbandoned(now, now - SILENT_MS)
  if (submissions > 0)
    log.warn(
      { event: 'submissions.recovered', submissions },
      'marked in-flight uploads of an ended process as unconfirmed',
    )
}
