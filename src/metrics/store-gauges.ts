import { Gauge, type Registry } from 'prom-client'
import type { Store } from '../store/store.ts'

export type GaugedStore = Pick<Store, 'readStats' | 'findOldestPending' | 'countNotifications'>

/** Gauges about the store and its contents. Returns a function that updates them; call it before each scrape. It never rejects. */
export function createStoreGauges(
  registry: Registry,
  {
    store,
    clock,
    unavailableSince,
    extensionLabel,
  }: {
    store: GaugedStore
    clock: () => number
    /** Null while the store is available. */
    unavailableSince: () => number | null
    extensionLabel: (name: string) => string
  },
): () => Promise<void> {
  const registers = [registry]
  const readable = new Gauge({
    name: 'tracker_store_readable',
    help: 'Whether the store could be read at this scrape: 1 or 0. While it is 0, the metrics read from the store are omitted or NaN.',
    registers,
  })
  const unavailable = new Gauge({
    name: 'tracker_store_unavailable_seconds',
    help: 'Time since this process noticed that the store is unavailable; 0 while it is available.',
    registers,
  })
  const runs = new Gauge({
    name: 'tracker_runs',
    help: 'Existing runs, by status and extension, except those of rejected submissions.',
    labelNames: ['status', 'extension'],
    registers,
  })
  const oldestPending = new Gauge({
    name: 'tracker_oldest_pending_seconds',
    help: 'Time since the request of the longest pending run; 0 if none is pending.',
    registers,
  })
  const due = new Gauge({
    name: 'tracker_notifications_due',
    help: 'Notifications that are due and not being sent yet.',
    registers,
  })
  const waiting = new Gauge({
    name: 'tracker_notifications_waiting',
    help: 'Notifications that are being sent or wait for their next attempt.',
    registers,
  })

  const read = async () => {
    const now = clock()
    const [{ groups }, oldest, notifications] = await Promise.all([
      // No hours: only the groups are needed.
      store.readStats(0, 0),
      store.findOldestPending(),
      store.countNotifications(now),
    ])
    return { groups, oldestMs: oldest ? Math.max(now - oldest.requestedAt, 0) : 0, notifications }
  }
  return async () => {
    const facts = await read().catch(() => undefined)
    readable.set(facts ? 1 : 0)
    unavailable.set(Math.max(clock() - (unavailableSince() ?? clock()), 0) / 1000)
    runs.reset()
    // Several groups can have the same status and label, so their counts are added up.
    for (const { status, extension, count } of facts?.groups ?? [])
      runs.labels(status, extensionLabel(extension)).inc(count)
    oldestPending.set(facts ? facts.oldestMs / 1000 : Number.NaN)
    due.set(facts?.notifications.due ?? Number.NaN)
    waiting.set(facts?.notifications.waiting ?? Number.NaN)
  }
}
