import { Hono } from 'hono'
import { z } from 'zod'
import type { DeliveryFilter } from '../../domain/listed-delivery.ts'
import type { Access } from '../../tracking/access.ts'
import { listDeliveries, showDelivery } from '../../tracking/operators/list-deliveries.ts'
import { replayDelivery } from '../../tracking/operators/replay-delivery.ts'
import type { AppEnv } from '../app-env.ts'
import { parseWith } from '../parse-with.ts'
import type { ReadBody } from '../read-body.ts'
import { requestKey } from '../request-key.ts'
import { route } from '../routes.ts'
import { parsePage, readListQuery, readQuery, respondWithPage } from './list-query.ts'
import { readReason } from './read-reason.ts'
import { time } from './run-filter-schema.ts'

type DeliveryRoutesDeps = Parameters<typeof listDeliveries>[0] &
  Parameters<typeof replayDelivery>[0] & { access: Pick<Access, 'identifyOperator'>; readBody: ReadBody }

const filterSchema = z.object({
  outcome: z.enum(['applied', 'duplicate', 'contradicted', 'ignored', 'rejected']).nullish(),
  cause: z.string().nullish(),
  extension: z.string().nullish(),
  fileId: z.string().nullish(),
  since: time.nullish(),
  until: time.nullish(),
})

/** Received deliveries, raw, and their replay. */
export function deliveryRoutes(deps: DeliveryRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/deliveries', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      const filter = parseDeliveryFilter(readListQuery(c, Object.keys(filterSchema.shape)))
      const { deliveries, next } = await listDeliveries(deps, filter, parsePage(c))
      return respondWithPage(c, { deliveries }, next)
    },
  })
  route(app, '/deliveries/:deliveryId', {
    GET: async (c) => {
      deps.access.identifyOperator(requestKey(c.env.incoming))
      readQuery(c, [])
      return c.json(await showDelivery(deps, c.req.param('deliveryId') ?? ''))
    },
  })
  route(app, '/deliveries/:deliveryId/replay', {
    POST: async (c) => {
      const { keyName: actor } = deps.access.identifyOperator(requestKey(c.env.incoming))
      const reason = await readReason(c.env.incoming, deps.readBody)
      const deliveryId = c.req.param('deliveryId') ?? ''
      const { outcome } = await replayDelivery(deps, { deliveryId, actor, reason })
      return c.json({ outcome })
    },
  })
  return app
}

/** Throws `invalid_input`. */
export function parseDeliveryFilter(query: { [name: string]: string }): DeliveryFilter {
  const given = parseWith(filterSchema, query)
  const { outcome = null, cause = null, extension = null, fileId = null, since = null, until = null } = given
  return { outcome, cause, service: extension, fileId, since, until }
}
