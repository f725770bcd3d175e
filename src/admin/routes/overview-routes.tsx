import { z } from 'zod'
import { pageOf, pageQuerySchema, writeCursor } from '../../contract/page.ts'
import { TrackerError } from '../../domain/errors.ts'
import { parseQuery } from '../../http/parse-with.ts'
import { routeMethods } from '../../http/route.ts'
import { describeOverview } from '../../tracking/operators/describe-overview.ts'
import type { DescribeStatsDeps } from '../../tracking/operators/describe-stats.ts'
import { type ListAuditEntriesDeps, listAuditEntries } from '../../tracking/operators/list-audit-entries.ts'
import { ADMIN, AUDIT, withQuery } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import { respondWithPage } from '../page-responses.ts'
import { type Pages, pageRoute } from '../page-route.ts'
import { AuditPage } from '../pages/audit-page.tsx'
import { OverviewPage } from '../pages/overview-page.tsx'
import { PERIODS, periodSchema } from '../periods.ts'
import { findStaticFile } from '../static-files.ts'

export type OverviewRoutesDeps = DescribeStatsDeps & ListAuditEntriesDeps

/** The parameter is named `window`, as in the API's `/stats`. */
const overviewQuerySchema = z.object({ window: periodSchema.default('24h') })

/** The overview, the audit log, and the static files that every page loads. */
export function overviewRoutes(pages: Pages, deps: OverviewRoutesDeps): void {
  pageRoute(pages, ADMIN, {
    async GET({ operator, query }, c) {
      const { window: period } = parseQuery(overviewQuerySchema, query)
      const overview = await describeOverview(deps, PERIODS[period].ms)
      const notice = takeNotice(c)
      return respondWithPage(c, <OverviewPage {...{ operator, period, overview, notice }} />)
    },
  })
  pageRoute(pages, AUDIT, {
    async GET({ operator, query }, c) {
      const page = pageOf(parseQuery(pageQuerySchema, query))
      const { auditEntries, next } = await listAuditEntries(deps, page)
      const older = next === null ? null : withQuery(AUDIT, { cursor: writeCursor(next) })
      const newest = page.before === null ? null : AUDIT
      return respondWithPage(
        c,
        <AuditPage operator={operator} auditEntries={auditEntries} newest={newest} older={older} />,
      )
    },
  })
  routeMethods(pages.app, '/admin/static/:hash/:name', {
    GET: (c) => {
      const file = findStaticFile(c.req.path)
      if (file === undefined) throw new TrackerError('not_found', 'There is no such file.')
      c.header('Cache-Control', 'public, max-age=31536000, immutable')
      return c.body(file.content, 200, { 'Content-Type': file.type })
    },
  })
}
