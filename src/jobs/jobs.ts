import type { Commit } from '../domain/commit.ts'
import type { AlertThresholds } from '../tracking/alerts/evaluate-alerts.ts'
import { createAlerter } from './alerter.ts'
import { createCounterFolder } from './counter-folder.ts'
import { createHeartbeat } from './heartbeat.ts'
import { createNotifier } from './notifier.ts'
import { createPruner } from './pruner.ts'
import { createReconciler } from './reconciler.ts'
import { createRetrier } from './retrier.ts'

type JobsDeps = Parameters<typeof createRetrier>[0] &
  Omit<Parameters<typeof createNotifier>[0], 'random'> &
  Parameters<typeof createPruner>[0] &
  Parameters<typeof createCounterFolder>[0] &
  Parameters<typeof createHeartbeat>[0] &
  Omit<Parameters<typeof createAlerter>[0], 'target' | 'thresholds'> & {
    reconciling: Omit<Parameters<typeof createReconciler>[0], 'log'>
    /** Null: no alerts are sent. */
    alerting: (AlertThresholds & { url: string }) | null
  }

export type Jobs = {
  start(): void
  stop(): Promise<void>
  /** Call it when there are runs to retry. */
  wakeRetrier: () => void
  /** Call it after each commit: callers may have to be notified. */
  noteCommit: (commit: Commit) => void
}

/** Everything that runs on a timer. */
export function createJobs(deps: JobsDeps): Jobs {
  const { reconciling, alerting, log } = deps
  const notifier = createNotifier({ ...deps, random: Math.random })
  const retrier = createRetrier(deps)
  const jobs = [
    createHeartbeat(deps),
    createReconciler({ ...reconciling, log }),
    notifier,
    createPruner(deps),
    createCounterFolder(deps),
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
    noteCommit({ notificationsCreated }) {
      if (notificationsCreated > 0) notifier.wake()
    },
  }
}
