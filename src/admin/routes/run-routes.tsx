import {
  type AcknowledgeRunDeps,
  acknowledgeRun,
  type UnacknowledgeRunDeps,
  unacknowledgeRun,
} from '../../tracking/operators/acknowledge-runs.ts'
import { type RetryRunDeps, retryRun } from '../../tracking/operators/retry-run.ts'
import { type ShowRunDeps, showRunWithActions } from '../../tracking/operators/show-run.ts'
import { runHref } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { type Pages, pageRoute } from '../page-route.ts'
import { RunPage } from '../pages/run-page.tsx'
import { readNote } from '../read-form.ts'

export type RunRoutesDeps = ShowRunDeps &
  RetryRunDeps &
  AcknowledgeRunDeps &
  UnacknowledgeRunDeps & { publicUrl: () => string }

/** Shows, retries and acknowledges one run, and revokes its acknowledgement. */
export function runRoutes(pages: Pages, deps: RunRoutesDeps): void {
  pageRoute(pages, '/admin/runs/:runId', {
    async GET({ operator, params }, c) {
      const runWithActions = await showRunWithActions(deps, params.runId)
      const publicUrl = deps.publicUrl()
      const notice = takeNotice(c)
      return respondWithPage(c, <RunPage {...{ operator, runWithActions, publicUrl, notice }} />)
    },
  })
  pageRoute(pages, '/admin/runs/:runId/retry', {
    GET: ({ params }, c) => seeOther(c, runHref(params.runId)),
    async POST({ operator, params, form }, c) {
      const run = await retryRun(deps, {
        ...params,
        actor: operator.keyName,
        reason: readNote(form, 'reason'),
      })
      return seeOther(c, runHref(run.runId), 'retried')
    },
  })
  pageRoute(pages, '/admin/runs/:runId/acknowledge', {
    GET: ({ params }, c) => seeOther(c, runHref(params.runId)),
    async POST({ operator, params, form }, c) {
      await acknowledgeRun(deps, { ...params, note: readNote(form, 'note'), actor: operator.keyName })
      return seeOther(c, runHref(params.runId), 'acknowledged')
    },
  })
  pageRoute(pages, '/admin/runs/:runId/unacknowledge', {
    GET: ({ params }, c) => seeOther(c, runHref(params.runId)),
    async POST({ operator, params, form }, c) {
      await unacknowledgeRun(deps, { ...params, reason: readNote(form, 'reason'), actor: operator.keyName })
      return seeOther(c, runHref(params.runId), 'unacknowledged')
    },
  })
}
