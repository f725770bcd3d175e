import type { Store, StoreLifecycle } from '../store/store.ts'
import type { ServerClock } from './server-clock.ts'

/**
 * A process that has written no heartbeat for this long counts as ended. It has missed three heartbeats, so a process that is only
 * slow does not count as ended.
 */
const SILENT_MS = 30_000

/**
 * Heartbeats are 10 seconds apart. After a longer pause than this, the database may have been unavailable to the other processes
 * too, so their silence proves nothing.
 */
const LONGEST_PAUSE_MS = 15_000

/** The uninterrupted series of heartbeats that this process has written. */
export type HeartbeatSeries = {
  /** Records that a heartbeat was written at this time. */
  note(at: number): void
  /**
   * Whether the series is at least as long as the silence of an ended process: then the database was available for all this time,
   * so every running process could have written heartbeats, and a silent one has ended.
   */
  provesSilence(): boolean
}

export function createHeartbeatSeries(): HeartbeatSeries {
  let first = Number.NaN
  let last = Number.NaN
  return {
    note(at) {
      const follows = at >= last && at - last <= LONGEST_PAUSE_MS
      if (!follows) first = at
      last = at
    },
    provesSilence: () => last - first >= SILENT_MS,
  }
}

export type KeepAliveDeps = {
  store: Pick<Store, 'heartbeat'> & Pick<StoreLifecycle, 'isShared' | 'readServerTime'>
  heartbeatSeries: Pick<HeartbeatSeries, 'note'>
  serverClock: ServerClock
}

/** Synchronises the clock, and records that this process is alive. */
export async function keepAlive({ store, heartbeatSeries, serverClock }: KeepAliveDeps): Promise<void> {
  await serverClock.synchronize(store)
  const now = serverClock.now()
  await store.heartbeat(now)
  heartbeatSeries.note(now)
}

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
      'marked in-flight submissions of ended processes as unconfirmed',
    )
}
