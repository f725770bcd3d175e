import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Commit } from '../domain/commit.ts'
import { createBoundedNames } from './bounded-names.ts'
import { createCommitMeter } from './commit-meter.ts'
import { createEventMeter, type EventMeter } from './event-meter.ts'
import { createStoreGauges, type GaugedStore } from './store-gauges.ts'

export type Metrics = {
  meter: EventMeter
  noteCommit: (commit: Commit) => void
  contentType: string
  /** Everything as text, as it is now. */
  expose(): Promise<string>
}

/** Figures for Prometheus, of one service: there is no registry that is shared. */
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
    help: 'Always 1; its labels tell what runs.',
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
      // Who never asks does not pay for it: it watches the event loop and the garbage collector.
      if (!isProcessWatched) collectDefaultMetrics({ register: registry })
      isProcessWatched = true
      await refresh()
      return registry.metrics()
    },
  }
}
