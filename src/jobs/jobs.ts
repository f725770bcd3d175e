import type { Commit } from '../domain/commit.ts'
import type { AlertThresholds } from '../tracking/alerts/evaluate-alerts.ts'
import { type AlerterDeps, createAlerter } from './alerter.ts'
import { type CounterCompactorDeps, createCounterCompactor } from './counter-compactor.ts'
import { createHeartbeat, type HeartbeatDeps } from './heartbeat.ts'
import { createNotifier, type NotifierDeps } from './notifier.ts'
import { createPruner, type PrunerDeps } from './pruner.ts'
import { createReconciler, type ReconcilerDeps } from './reconciler.ts'
import { createRetrier, type RetrierDeps } from './retrier.ts'

type JobsDeps = RetrierDeps &
  Omit<NotifierDeps, 'random'> &
  PrunerDeps &
  CounterCompactorDeps &
  HeartbeatDeps &
  Omit<AlerterDeps, 'target' | 'thresholds'> & {
    reconciling: Omit<ReconcilerDeps, 'log'>
    /** Null: no alerts are sent. */
    alerting: (AlertThresholds & { url: string }) | null
  }

export type Jobs = {
  start(): void
  stop(): Promise<void>
  /** Call it when there are runs to retry. */
  wakeRetrier: () => void
  /** Call it when notifications were made due. */
  wakeNotifier: () => void
  /** Call it after each commit: callers may have to be notified. */
  noteCommit: (commit: Commit) => void
}

/** The background jobs of the service. */
export function createJobs(deps: JobsDeps): Jobs {
  const { reconciling, alerting, log } = deps
  const notifier = createNotifier({ ...deps, random: Math.random })
  const retrier = createRetrier(deps)
  const jobs = [
    createHeartbeat(deps),
    createReconciler({ ...reconciling, log }),
    notifier,
    createPruner(deps),
    createCounterCompactor(deps),
    retrier,
  ]
  if (alerting) jobs.push(createAlerter({ ...deps, target: alerting.url, thresholds: alerting }))
  return {
    start() {
      for (const job of jobs) job.start()
    },
    async stop() {
      await Promise.all(jobs.map((job) => job.stop()))
    },
    wakeRetrier: () => retrier.wake(),
    wakeNotifier: () => notifier.wake(),
    noteCommit({ notificationsCreated }) {
      if (notificationsCreated > 0) notifier.wake()
    },
  }
}
