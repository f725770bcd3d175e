import { type ReconcileDeps, reconcile } from '../tracking/reconcile/reconcile.ts'
import { type Repeated, repeat } from './repeat.ts'

/** The longest pause while ImageKit is unavailable or rejects the key, unless `everyMs` is longer. */
const LONGEST_PAUSE_MS = 15 * 60_000

export type ReconcilerDeps = ReconcileDeps & {
  log: {
    info(fields: object, text: string): void
    warn(fields: object, text: string): void
    error(fields: object, text: string): void
  }
}

/**
 * Reconciles overdue runs. While ImageKit is unavailable or rejects the key, the pause between passes doubles each time. If
 * ImageKit limits the rate, the pause is as long as ImageKit asks for.
 */
export function createReconciler(deps: ReconcilerDeps): Repeated {
  const { log, everyMs } = deps
  let pauseMs = everyMs
  return repeat(
    async () => {
      const { report, isKeyRejected } = await reconcile(deps, { dryRun: false })
      const { runs, holdMs, stoppedBy } = report
      const counts: { [finding: string]: number } = {}
      for (const { finding } of runs) counts[finding] = (counts[finding] ?? 0) + 1
      if (runs.length > 0) log.info({ event: 'runs.reconciled', counts }, 'runs reconciled')
      if (stoppedBy === null) pauseMs = everyMs
      else {
        pauseMs = holdMs ?? Math.min(pauseMs * 2, Math.max(LONGEST_PAUSE_MS, everyMs))
        if (isKeyRejected)
          log.error(
            { event: 'reconciliation.paused', stoppedBy, pauseMs },
            'ImageKit rejects IMAGEKIT_PRIVATE_KEY: reconciliation is paused',
          )
        else
          log.warn(
            { event: 'reconciliation.paused', stoppedBy, pauseMs },
            'ImageKit is unavailable or limits the rate: reconciliation is paused',
          )
      }
      return pauseMs
    },
    {
      afterFailureMs: everyMs,
      onError: (err) => log.error({ event: 'reconciliation.failed', err }, 'reconciliation failed'),
    },
  )
}
