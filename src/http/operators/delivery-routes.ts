import { z } from 'zod'
import {
  deliveryDetailSchema,
  deliveryFilterQuerySchema,
  deliveryListSchema,
  recordedDeliverySchema,
  replayReportSchema,
  replayRequestSchema,
  toDeliveryFilter,
} from '../../contract/delivery.ts'
import { pageOf, pageQuerySchema } from '../../contract/page.ts'
import { reasonSchema } from '../../contract/reason.ts'
import {
  type ListDeliveriesDeps,
  listDeliveries,
  showDelivery,
} from '../../tracking/operators/list-deliveries.ts'
import { type ReplayDeliveriesDeps, replayDeliveries } from '../../tracking/operators/replay-deliveries.ts'
import { type ReplayDeliveryDeps, replayDelivery } from '../../tracking/operators/replay-delivery.ts'
import { pageResponse } from '../response.ts'
import { type Api, operation, route } from '../route.ts'

type DeliveryRoutesDeps = ListDeliveriesDeps & ReplayDeliveryDeps & ReplayDeliveriesDeps

const deliveryIdParams = z.object({ deliveryId: z.string() })

/** Lists, shows and replays deliveries. */
export function deliveryRoutes(api: Api, deps: DeliveryRoutesDeps): void {
  route(api, '/deliveries', {
    GET: operation({
      id: 'listDeliveries',
      summary: 'List received webhooks, the newest first',
      auth: 'operator',
      query: z.strictObject({ ...deliveryFilterQuerySchema.shape, ...pageQuerySchema.shape }),
      responses: { 200: deliveryListSchema },
      headers: ['Link'],
      async handle({ query }, c) {
        const { deliveries, next } = await listDeliveries(deps, toDeliveryFilter(query), pageOf(query))
        return pageResponse(c, { deliveries }, next)
      },
    }),
  })
  // Added before `/deliveries/:deliveryId`, so that `replay` is not taken for an id.
  route(api, '/deliveries/replay', {
    POST: operation({
      id: 'replayDeliveries',
      summary: 'Replay all rejected deliveries that match a filter',
      auth: 'operator',
      body: { json: replayRequestSchema },
      responses: { 200: replayReportSchema },
      async handle({ body, caller }) {
        const { limit = null, dryRun, reason = null, ...selection } = body
        const filter = { ...toDeliveryFilter(selection), outcome: selection.outcome }
        const request = { filter, limit, dryRun, reason, actor: caller.keyName }
        return { status: 200, json: await replayDeliveries(deps, request) }
      },
    }),
  })
  route(api, '/deliveries/:deliveryId', {
    GET: operation({
      id: 'getDelivery',
      summary: 'Get a delivery with its headers and body',
      auth: 'operator',
      params: deliveryIdParams,
      responses: { 200: deliveryDetailSchema },
      problems: ['not_found'],
      handle: async ({ params }) => ({ status: 200, json: await showDelivery(deps, params.deliveryId) }),
    }),
  })
  route(api, '/deliveries/:deliveryId/replay', {
    POST: operation({
      id: 'replayDelivery',
      summary: 'Replay a rejected delivery',
      auth: 'operator',
      params: deliveryIdParams,
      body: { json: reasonSchema, isOptional: true },
      responses: { 200: recordedDeliverySchema },
      problems: ['not_found', 'unprocessable'],
      async handle({ params, body: { reason = null }, caller }) {
        const { outcome } = await replayDelivery(deps, { ...params, actor: caller.keyName, reason })
        return { status: 200, json: { outcome } }
      },
    }),
  })
}
