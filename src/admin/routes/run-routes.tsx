import { Hono } from 'hono'
import type { AppContext, AppEnv } from '../../http/app-env.ts'
import { route } from '../../http/routes.ts'
import { acknowledgeRun } from '../../tracking/operators/acknowledge-runs.ts'
import { inspectRun } from '../../tracking/operators/inspect-run.ts'
import { retryRun } from '../../tracking/operators/retry-run.ts'
import { runHref } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorDoor } from '../operator-door.ts'
import { answerPage, seeOther } from '../page-answers.ts'
import { RunPage } from '../pages/run-page.tsx'
import { readNote, readOwnForm } from '../read-form.ts'

type RunRoutesDeps = Parameters<typeof inspectRun>[0] &
  Parameters<typeof retryRun>[0] &
  Parameters<typeof acknowledgeRun>[0] & { door: OperatorDoor; publicUrl: () => string }

/** One run: what became of it, and to ask for it again. */
export function runRoutes(deps: RunRoutesDeps): Hono<AppEnv> {
  const { door } = deps
  const app = new Hono<AppEnv>()
  const leadBack = (c: AppContext) => seeOther(c, runHref(c.req.param('runId') ?? ''))
  route(app, '/admin/runs/:runId', {
    GET: async (c) => {
      const operator = await door.admit(c)
      const inspected = await inspectRun(deps, c.req.param('runId') ?? '')
      const publicUrl = deps.publicUrl()
      const notice = takeNotice(c)
      return answerPage(c, <RunPage {...{ operator, inspected, publicUrl, notice }} />)
    },
  })
  route(app, '/admin/runs/:runId/retry', {
    GET: leadBack,
    POST: async (c) => {
      const { operator, form } = await readOwnForm(c, door)
      const run = await retryRun(deps, {
        runId: c.req.param('runId') ?? '',
        actor: operator.keyName,
        reason: readNote(form, 'reason'),
      })
      return seeOther(c, runHref(run.runId), 'retried')
    },
  })
  route(app, '/admin/runs/:runId/acknowledge', {
    GET: leadBack,
    POST: async (c) => {
      const { operator, form } = await readOwnForm(c, door)
      const runId = c.req.param('runId') ?? ''
      await acknowledgeRun(deps, { runId, note: readNote(form, 'note'), actor: operator.keyName })
      return seeOther(c, runHref(runId), 'acknowledged')
    },
  })
  return app
}
