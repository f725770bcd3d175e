import { Hono } from 'hono'
import { TrackerError } from '../../domain/errors.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { invalidQuery } from '../../http/invalid-query.ts'
import { parsePage, writeCursor } from '../../http/operators/list-query.ts'
import { parseWindowMs } from '../../http/operators/overview-routes.ts'
import { route } from '../../http/routes.ts'
import { describeOverview } from '../../tracking/operators/describe-overview.ts'
import { listAuditEntries } from '../../tracking/operators/list-acts.ts'
import { ADMIN, AUDIT, withQuery } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorDoor } from '../operator-door.ts'
import { answerPage } from '../page-answers.ts'
import { AuditPage } from '../pages/audit-page.tsx'
import { OverviewPage } from '../pages/overview-page.tsx'
import { findStaticFile } from '../static-files.ts'
import { WINDOWS, type Window } from '../windows.ts'

type OverviewRoutesDeps = Parameters<typeof describeOverview>[0] &
  Parameters<typeof listAuditEntries>[0] & { door: OperatorDoor }

export function overviewRoutes(deps: OverviewRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, ADMIN, {
    GET: async (c) => {
      const operator = await deps.door.admit(c)
      const asked = c.req.query('window') || '24h'
      if (!isWindow(asked)) throw invalidQuery('window', `must be one of ${Object.keys(WINDOWS).join(', ')}`)
      const overview = await describeOverview(deps, parseWindowMs(asked))
      const notice = takeNotice(c)
      return answerPage(c, <OverviewPage {...{ operator, window: asked, overview, notice }} />)
    },
  })
  route(app, AUDIT, {
    GET: async (c) => {
      const operator = await deps.door.admit(c)
      const page = parsePage(c)
      const { acts, next } = await listAuditEntries(deps, page)
      const older = next === null ? null : withQuery(AUDIT, { cursor: writeCursor(next) })
      const newest = page.before === null ? null : AUDIT
      return answerPage(c, <AuditPage operator={operator} acts={acts} newest={newest} older={older} />)
    },
  })
  route(app, '/admin/static/:hash/:name', {
    GET: (c) => {
      const file = findStaticFile(c.req.path)
      if (file === undefined) throw new TrackerError('not_found', 'There is no such file.')
      c.header('Cache-Control', 'public, max-age=31536000, immutable')
      return c.body(file.content, 200, { 'Content-Type': file.type })
    },
  })
  return app
}

function isWindow(text: string): text is Window {
  return Object.hasOwn(WINDOWS, text)
}
