import { Hono } from 'hono'
import { parseDurationMs } from '../../domain/quantities.ts'
import type { Access } from '../../tracking/access.ts'
import { describeStats } from '../../tracking/operators/describe-stats.ts'
import { listAuditEntries } from '../../tracking/operators/list-audit-entries.ts'
import type { AppEnv } from '../app-env.ts'
import { invalidQuery } from '../invalid-query.ts'
import { requestKey } from '../request-key.ts'
import { route } from '../routes.ts'
import { parsePage, readListQuery, readQuery, respondWithPage } from './list-query.ts'

type OverviewRoutesDeps = Parameters<typeof describeStats>[0] &
  Parameters<typeof listAuditEntries>[0] & { access: Pick<Access, 'identifyOperator'> }

const MAX_WINDOW_MS = 90 * 86_400_000

/** Statistics and the audit log. */
export function overviewRoutes(deps: OverviewRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/stats', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      return c.json(await describeStats(deps, parseWindowMs(readQuery(c, ['window'])['window'])))
    },
  })
  route(app, '/audit', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      readListQuery(c)
      const { auditEntries, next } = await listAuditEntries(deps, parsePage(c))
      return respondWithPage(c, { entries: auditEntries }, next)
    },
  })
  return app
}

export function parseWindowMs(text = '24h'): number {
  const ms = parseDurationMs(text)
  if (ms !== undefined && ms > 0 && ms <= MAX_WINDOW_MS) return ms
  throw invalidQuery('window', 'must be a duration such as 24h or 7d, at most 90d')
}
