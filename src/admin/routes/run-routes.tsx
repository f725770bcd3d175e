import { Hono } from 'hono'
import type { AppContext, AppEnv } from '../../http/app-env.ts'
import { route } from '../../http/routes.ts'
import { acknowledgeRun } from '../../tracking/operators/acknowledge-runs.ts'
import { inspectRun } from '../../tracking/operators/inspect-run.ts'
import { retryRun } from '../../tracking/operators/retry-run.ts'
import { runHref } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorSession } from '../operator-session.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { RunPage } from '../pages/run-page.tsx'
import { readCsrfForm, readNote } from '../read-form.ts'

type RunRoutesDeps = Parameters<typeof inspectRun>[0] &
  Parameters<typeof retryRun>[0] &
  Parameters<typeof acknowledgeRun>[0] & { operatorSession: OperatorSession; publicUrl: () => string }

/** Shows, retries and acknowledges one run. */
export function runRoutes(deps: RunRoutesDeps): Hono<AppEnv> {
  const { operatorSession } = deps
  const app = new Hono<AppEnv>()
  const redirectToRun = (c: AppContext) => seeOther(c, runHref(c.req.param('runId') ?? ''))
  route(app, '/admin/runs/:runId', {
    GET: async (c) => {
      const operator = await operatorSession.require(c)
      const inspected = await inspectRun(deps, c.req.param('runId') ?? '')
      const publicUrl = deps.publicUrl()
      const notice = takeNotice(c)
      return respondWithPage(c, <RunPage {...{ operator, inspected, publicUrl, notice }} />)
    },
  })
  route(app, '/admin/runs/:runId/retry', {
    GET: redirectToRun,
    POST: async (c) => {
      const { operator, form } = await readCsrfForm(c, operatorSession)
      const run = await retryRun(deps, {
        runId: c.req.param('runId') ?? '',
        actor: operator.keyName,
        reason: readNote(form, 'reason'),
      })
      return seeOther(c, runHref(run.runId), 'retried')
    },
  })
  route(app, '/admin/runs/:runId/acknowledge', {
    GET: redirectToRun,
    POST: async (c) => {
      const { operator, form } = await readCsrfForm(c, operatorSession)
      const runId = c.req.param('runId') ?? ''
      await acknowledgeRun(deps, { runId, note: readNote(form, 'note'), actor: operator.keyName })
      return seeOther(c, runHref(runId), 'acknowledged')
    },
  })
  return app
}
