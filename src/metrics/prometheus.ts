import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Commit } from '../domain/commit.ts'
import { createCommitMeter } from './commit-meter.ts'
import { createEventMeter, type EventMeter } from './event-meter.ts'
import { createStoreGauges, type GaugedStore } from './store-gauges.ts'

export type Metrics = {
  meter: EventMeter
  noteCommit: (commit: Commit) => void
  contentType: string
  /** All current values as text. */
  expose(): Promise<string>
}

/** Prometheus metrics of one service: there is no shared registry. */
export function createMetrics(deps: {
  store: GaugedStore
  clock: () => number
  unavailableSince: () => number | null
  version: string
}): Metrics {
  const registry = new Registry()
  const boundName = createBoundedNames()
  const refresh = createStoreGauges(registry, { ...deps, boundName })
  new Gauge({
    name: 'tracker_build_info',
    help: 'Always 1; the labels show the running versions.',
    labelNames: ['version', 'node'],
    registers: [registry],
  })
    .labels(deps.version, process.version)
    .set(1)
  let isProcessWatched = false

  return {
    meter: createEventMeter(registry),
    noteCommit: createCommitMeter(registry, boundName),
    contentType: registry.contentType,
    async expose() {
      // Only from the first scrape on: the default metrics watch the event loop and the garbage collector, which has a cost.
      if (!isProcessWatched) collectDefaultMetrics({ register: registry })
      isProcessWatched = true
      await refresh()
      return registry.metrics()
    },
  }
}

const OTHER_NAME = 'other'

const MAX_NAMES = 50
const MAX_LENGTH = 100

/** Bounds the values of a label, because extensions are an open set: fifty names, and `other` for later and for long ones. */
function createBoundedNames(): (name: string) => string {
  const known = new Set<string>()
  return (name) => {
    if (known.has(name)) return name
    if (known.size >= MAX_NAMES || name.length > MAX_LENGTH) return OTHER_NAME
    known.add(name)
    return name
  }
}
