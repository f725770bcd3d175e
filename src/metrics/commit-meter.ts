import { Gauge, Histogram, type Registry } from 'prom-client'
import type { Commit, SettledRun } from '../domain/commit.ts'
import { createLightCounter } from './light-counter.ts'

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]
/** An extension takes seconds; what only evidence tells takes minutes, and ImageKit repeats a webhook for a day. */
const SETTLE_SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400]

/** What each commit tells. It stands in the way of the next one: what it adds to is looked up by name alone. */
export function createCommitMeter(
  registry: Registry,
  boundName: (name: string) => string,
): (commit: Commit) => void {
  const registers = [registry]
  const steps = new Histogram({
    name: 'tracker_commit_batch_steps',
    help: 'How many steps a transaction took.',
    buckets: STEPS,
    registers,
  })
  const seconds = new Histogram({
    name: 'tracker_commit_seconds',
    help: 'How long a transaction took until it was on disk.',
    buckets: COMMIT_SECONDS,
    registers,
  })
  const waiting = new Gauge({
    name: 'tracker_commit_queue_depth',
    help: 'How many steps the latest transaction left for the next one.',
    registers,
  })
  const settleSeconds = new Histogram({
    name: 'tracker_run_settle_seconds',
    help: 'How long after its request a run was settled, by whatever settled it.',
    labelNames: ['extension'],
    buckets: SETTLE_SECONDS,
    registers,
  })
  const settled = createLightCounter({
    name: 'tracker_runs_settled_total',
    help: 'Runs that were settled, by status and by where that was learned.',
    labelNames: ['extension', 'status', 'source'],
    registers,
  })

  const meters = new Map<
    string,
    { time: { observe(value: number): void }; counts: Map<string, () => void> }
  >()
  const meterOf = (extension: string) => {
    const known = meters.get(extension)
    if (known) return known
    const meter = { time: settleSeconds.labels(extension), counts: new Map<string, () => void>() }
    meters.set(extension, meter)
    return meter
  }
  const countSettled = (run: SettledRun): void => {
    const extension = boundName(run.extension)
    const { time, counts } = meterOf(extension)
    time.observe(run.seconds)
    const { status, source } = run
    const kind = `${status} ${source}`
    const count = counts.get(kind) ?? settled.child(extension, status, source)
    counts.set(kind, count)
    count()
  }

  return (commit) => {
    steps.observe(commit.steps)
    seconds.observe(commit.seconds)
    waiting.set(commit.waiting)
    for (const run of commit.settled) countSettled(run)
  }
}
