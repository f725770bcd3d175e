import { z } from 'zod'
import { auditListSchema } from '../../contract/audit.ts'
import { pageOf, pageQuerySchema } from '../../contract/page.ts'
import { statsQuerySchema, statsSchema } from '../../contract/stats.ts'
import { type DescribeStatsDeps, describeStats } from '../../tracking/operators/describe-stats.ts'
import { type ListAuditEntriesDeps, listAuditEntries } from '../../tracking/operators/list-audit-entries.ts'
import { pageResponse } from '../response.ts'
import { type Api, operation, route } from '../route.ts'

type OverviewRoutesDeps = DescribeStatsDeps & ListAuditEntriesDeps

/** Statistics and the audit log. */
export function overviewRoutes(api: Api, deps: OverviewRoutesDeps): void {
  route(api, '/stats', {
    GET: operation({
      id: 'getStats',
      summary: 'Get counts by status, extension, hour and cause',
      auth: 'operator',
      query: statsQuerySchema,
      responses: { 200: statsSchema },
      handle: async ({ query }) => ({ status: 200, json: await describeStats(deps, query.window) }),
    }),
  })
  route(api, '/audit', {
    GET: operation({
      id: 'listAuditEntries',
      summary: 'List what operators did, the newest first',
      auth: 'operator',
      query: z.strictObject(pageQuerySchema.shape),
      responses: { 200: auditListSchema },
      headers: ['Link'],
      async handle({ query }, c) {
        const { auditEntries, next } = await listAuditEntries(deps, pageOf(query))
        return pageResponse(c, { entries: auditEntries }, next)
      },
    }),
  })
}
