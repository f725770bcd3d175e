import type { Store, StoreLifecycle } from '../store/store.ts'
import type { HeartbeatSeries } from './heartbeat-series.ts'
import type { ServerClock } from './server-clock.ts'

export type KeepAliveDeps = {
  store: Pick<Store, 'heartbeat'> & Pick<StoreLifecycle, 'isShared' | 'readServerTime'>
  heartbeatSeries: Pick<HeartbeatSeries, 'note'>
  serverClock: ServerClock
}

/** Synchronizes the clock, and records that this process is alive. */
export async function keepAlive({ store, heartbeatSeries, serverClock }: KeepAliveDeps): Promise<void> {
  await serverClock.synchronize(store)
  const now = serverClock.now()
  await store.heartbeat(now)
  heartbeatSeries.note(now)
}
