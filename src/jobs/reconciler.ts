import { type ReconcileDeps, reconcile } from '../tracking/reconcile.ts'
import { type Repeated, repeat } from './repeat.ts'

const LONGEST_PAUSE_MS = 15 * 60_000

type ReconcilerDeps = ReconcileDeps & {
  log: {
    info(fields: object, text: string): void
    warn(fields: object, text: string): void
    error(fields: object, text: string): void
  }
}

/** Finds out by evidence what no webhook told. While ImageKit does not answer, it asks less and less often. */
export function createReconciler(deps: ReconcilerDeps): Repeated {
  const { log, everyMs } = deps
  let pauseMs = everyMs
  return repeat(
    async () => {
      const { report, isKeyRefused } = await reconcile(deps, { dryRun: false })
      const { runs, holdMs, stoppedBy } = report
      const counts: { [finding: string]: number } = {}
      for (const { finding } of runs) counts[finding] = (counts[finding] ?? 0) + 1
      if (runs.length > 0) log.info({ counts }, 'reconciled')
      if (stoppedBy === null) pauseMs = everyMs
      else {
        pauseMs = holdMs ?? Math.min(pauseMs * 2, Math.max(LONGEST_PAUSE_MS, everyMs))
        if (isKeyRefused)
          log.error(
            { stoppedBy, pauseMs },
            'ImageKit refuses IMAGEKIT_PRIVATE_KEY: no lost webhook is found out',
          )
        else log.warn({ stoppedBy, pauseMs }, 'ImageKit could not be asked what became of overdue runs')
      }
      return pauseMs
    },
    { afterFailureMs: everyMs, onError: (err) => log.error({ err }, 'reconciling failed') },
  )
}
