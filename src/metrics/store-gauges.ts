import { Gauge, type Registry } from 'prom-client'
import type { Store } from '../store/store.ts'

export type GaugedStore = Pick<Store, 'readStats' | 'findOldestPending' | 'countNotifications'>

/** What the store is asked for at each scrape. Returns what brings the gauges up to date; it never rejects. */
export function createStoreGauges(
  registry: Registry,
  {
    store,
    clock,
    unavailableSince,
    boundName,
  }: {
    store: GaugedStore
    clock: () => number
    /** Null while the store can be used. */
    unavailableSince: () => number | null
    boundName: (name: string) => string
  },
): () => Promise<void> {
  const registers = [registry]
  const readable = new Gauge({
    name: 'tracker_store_readable',
    help: 'Whether the store answered at this scrape: 1 or 0. While it does not, what it tells is left out or NaN.',
    registers,
  })
  const unavailable = new Gauge({
    name: 'tracker_store_unavailable_seconds',
    help: 'How long ago this process noticed that the store cannot be used; 0 while it can.',
    registers,
  })
  const runs = new Gauge({
    name: 'tracker_runs',
    help: 'Runs that there are, by status and extension; those of rejected submissions are not counted.',
    labelNames: ['status', 'extension'],
    registers,
  })
  const oldestPending = new Gauge({
    name: 'tracker_oldest_pending_seconds',
    help: 'How long ago the run was requested that has been pending the longest; 0 where none is.',
    registers,
  })
  const due = new Gauge({
    name: 'tracker_notifications_due',
    help: 'Notifications whose time has come, those under way among them.',
    registers,
  })
  const waiting = new Gauge({
    name: 'tracker_notifications_waiting',
    help: 'Notifications that wait for their next attempt.',
    registers,
  })

  const read = async () => {
    const now = clock()
    const [{ groups }, oldest, notifications] = await Promise.all([
      store.readStats(0, 0),
      store.findOldestPending(),
      store.countNotifications(now),
    ])
    return { groups, oldestMs: oldest ? Math.max(now - oldest.requestedAt, 0) : 0, notifications }
  }
  return async () => {
    const told = await read().catch(() => undefined)
    readable.set(told ? 1 : 0)
    unavailable.set(Math.max(clock() - (unavailableSince() ?? clock()), 0) / 1000)
    runs.reset()
    for (const { status, extension, size } of told?.groups ?? [])
      runs.labels(status, boundName(extension)).inc(size)
    oldestPending.set(told ? told.oldestMs / 1000 : Number.NaN)
    due.set(told?.notifications.due ?? Number.NaN)
    waiting.set(told?.notifications.waiting ?? Number.NaN)
  }
}
