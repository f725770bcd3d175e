import { Hono } from 'hono'
import { TrackerError } from '../../domain/errors.ts'
import type { AppEnv } from '../../http/app-env.ts'
import { invalidQuery } from '../../http/invalid-query.ts'
import { parsePage, writeCursor } from '../../http/operators/list-query.ts'
import { parseWindowMs } from '../../http/operators/overview-routes.ts'
import { route } from '../../http/routes.ts'
import { describeOverview } from '../../tracking/operators/describe-overview.ts'
import { listAuditEntries } from '../../tracking/operators/list-audit-entries.ts'
import { ADMIN, AUDIT, withQuery } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorSession } from '../operator-session.ts'
import { respondWithPage } from '../page-responses.ts'
import { AuditPage } from '../pages/audit-page.tsx'
import { OverviewPage } from '../pages/overview-page.tsx'
import { PERIODS, type Period } from '../periods.ts'
import { findStaticFile } from '../static-files.ts'

type OverviewRoutesDeps = Parameters<typeof describeOverview>[0] &
  Parameters<typeof listAuditEntries>[0] & { operatorSession: OperatorSession }

export function overviewRoutes(deps: OverviewRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, ADMIN, {
    GET: async (c) => {
      const operator = await deps.operatorSession.require(c)
      const period = c.req.query('window') || '24h'
      if (!isPeriod(period)) throw invalidQuery('window', `must be one of ${Object.keys(PERIODS).join(', ')}`)
      const overview = await describeOverview(deps, parseWindowMs(period))
      const notice = takeNotice(c)
      return respondWithPage(c, <OverviewPage {...{ operator, period, overview, notice }} />)
    },
  })
  route(app, AUDIT, {
    GET: async (c) => {
      const operator = await deps.operatorSession.require(c)
      const page = parsePage(c)
      const { auditEntries, next } = await listAuditEntries(deps, page)
      const older = next === null ? null : withQuery(AUDIT, { cursor: writeCursor(next) })
      const newest = page.before === null ? null : AUDIT
      return respondWithPage(
        c,
        <AuditPage operator={operator} auditEntries={auditEntries} newest={newest} older={older} />,
      )
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

function isPeriod(text: string): text is Period {
  return Object.hasOwn(PERIODS, text)
}
