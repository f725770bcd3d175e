import { z } from 'zod'
import {
  assetStatusesSchema,
  assetStatusSchema,
  statusesQuerySchema,
  statusQuerySchema,
} from '../contract/asset.ts'
import { followStatus } from '../tracking/status/status-feed.ts'
import { respond } from './response.ts'
import { type Api, operation, route } from './route.ts'
import { type EventsDeps, eventResponses, respondWithEvents } from './status-events.ts'
import type { StatusDeps, StatusHandler } from './status-handler.ts'
import { statusesResponse } from './status-responses.ts'

type StatusRoutesDeps = Pick<StatusDeps, 'statuses'> &
  Omit<EventsDeps, 'subject'> & { handleStatus: StatusHandler }

const fileIdParams = z.object({ fileId: z.string() })

/** The status of one or of several assets, and the stream of one asset's changes. */
export function statusRoutes(api: Api, deps: StatusRoutesDeps): void {
  const { statuses, handleStatus } = deps

  route(api, '/assets/status', {
    GET: operation({
      id: 'getAssetStatuses',
      summary: 'Get the statuses of up to 100 assets',
      auth: 'key',
      query: statusesQuerySchema,
      responses: { 200: assetStatusesSchema },
      async handle({ query }, c) {
        const snapshots = await Promise.all(query.fileId.map((id) => statuses.find(id)))
        const requested = query.fileId.map((id, index) => ({ fileId: id, snapshot: snapshots[index] }))
        return respond(c, statusesResponse(requested))
      },
    }),
  })
  route(api, '/assets/:fileId/status', {
    GET: operation({
      id: 'getAssetStatus',
      summary: 'Get the status of an asset, or wait for its final status',
      auth: 'asset',
      params: fileIdParams,
      query: statusQuerySchema,
      requestHeaders: ['If-None-Match'],
      responses: { 200: assetStatusSchema, 304: null },
      headers: ['ETag', 'Retry-After'],
      problems: ['not_found', 'overloaded'],
      async handle({ params, query, credential }, c) {
        return respond(c, await handleStatus({ id: params.fileId, credential, waitMs: query.wait }, c.env))
      },
    }),
  })
  route(api, '/assets/:fileId/events', {
    GET: operation({
      id: 'followAsset',
      summary: 'Follow the status of an asset as server-sent events',
      auth: 'asset',
      params: fileIdParams,
      requestHeaders: ['Last-Event-ID'],
      responses: eventResponses,
      problems: ['not_found', 'overloaded'],
      handle: ({ params, credential }, c) =>
        respondWithEvents(c, { ...deps, subject: 'asset' }, credential, (follower) =>
          followStatus({ statuses }, params.fileId, follower),
        ),
    }),
  })
}
