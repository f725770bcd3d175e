import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Commit } from '../domain/commit.ts'
import { createCommitMeter } from './commit-meter.ts'
import { createEventMeter, type EventMeter } from './event-meter.ts'
import { createStoreGauges, type GaugedStore } from './store-gauges.ts'

export type Metrics = {
  meter: EventMeter
  noteCommit: (commit: Commit) => void
  contentType: string
  /** All current values, in the text format of Prometheus. */
  expose(): Promise<string>
}

/** The Prometheus metrics of one service, in a registry of their own, so that one process can run several services. */
export function createMetrics(deps: {
  store: GaugedStore
  clock: () => number
  unavailableSince: () => number | null
  version: string
}): Metrics {
  const registry = new Registry()
  const extensionLabel = createExtensionLabels()
  const refresh = createStoreGauges(registry, { ...deps, extensionLabel })
  new Gauge({
    name: 'tracker_build_info',
    help: 'Always 1; the labels show the running versions.',
    labelNames: ['version', 'node'],
    registers: [registry],
  })
    .labels(deps.version, process.version)
    .set(1)
  let hasDefaultMetrics = false

  return {
    meter: createEventMeter(registry),
    noteCommit: createCommitMeter(registry, extensionLabel),
    contentType: registry.contentType,
    async expose() {
      // Only from the first scrape on: the default metrics watch the event loop and the garbage collector, which has a cost.
      if (!hasDefaultMetrics) collectDefaultMetrics({ register: registry })
      hasDefaultMetrics = true
      await refresh()
      return registry.metrics()
    },
  }
}

const OTHER_NAME = 'other'

const MAX_NAMES = 50
const MAX_NAME_LENGTH = 100

/**
 * Limits the values of the label `extension`, because extensions are an open set: the first fifty names stay as they are, and
 * further ones become `other`, as do long ones.
 */
function createExtensionLabels(): (name: string) => string {
  const known = new Set<string>()
  return (name) => {
    if (known.has(name)) return name
    if (known.size >= MAX_NAMES || name.length > MAX_NAME_LENGTH) return OTHER_NAME
    known.add(name)
    return name
  }
}
