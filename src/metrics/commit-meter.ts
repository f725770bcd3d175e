import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Commit } from '../domain/commit.ts'

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
/** An extension takes seconds; a run settled by evidence takes minutes, and ImageKit repeats a webhook for a day. */
const SETTLE_SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400]

/** Records the metrics of each commit. */
export function createCommitMeter(
  registry: Registry,
  extensionLabel: (name: string) => string,
): (commit: Commit) => void {
  const registers = [registry]
  const steps = new Histogram({
    name: 'tracker_commit_batch_steps',
    help: 'Number of steps in a transaction; 1 for maintenance.',
    buckets: STEPS,
    registers,
  })
  const seconds = new Histogram({
    name: 'tracker_commit_seconds',
    help: 'Time until a transaction was on disk.',
    buckets: COMMIT_SECONDS,
    registers,
  })
  const waiting = new Gauge({
    name: 'tracker_commit_queue_depth',
    help: 'Steps and maintenance jobs in the queue when the latest transaction was committed.',
    registers,
  })
  const settleSeconds = new Histogram({
    name: 'tracker_run_settle_seconds',
    help: 'Time from the request of a run until it was settled, whatever the source of its status.',
    labelNames: ['extension'],
    buckets: SETTLE_SECONDS,
    registers,
  })
  const settled = new Counter({
    name: 'tracker_runs_settled_total',
    help: 'Settled runs, by extension, status and source of the status.',
    labelNames: ['extension', 'status', 'source'],
    registers,
  })

  return (commit) => {
    steps.observe(commit.steps)
    seconds.observe(commit.seconds)
    waiting.set(commit.waiting)
    for (const run of commit.settled) {
      const extension = extensionLabel(run.extension)
      settleSeconds.labels(extension).observe(run.seconds)
      settled.labels(extension, run.status, run.source).inc()
    }
  }
}
