import { Hono } from 'hono'
import { authorizeReader } from '../tracking/authorize-reader.ts'
import { followStatus } from '../tracking/status-feed.ts'
import type { AppEnv } from './app-env.ts'
import { tokenRouteCors } from './cors.ts'
import { respond } from './plain-response.ts'
import { requestCredential } from './request-credential.ts'
import { requestKey } from './request-key.ts'
import { requestQuery } from './request-query.ts'
import { route } from './routes.ts'
import { respondWithEvents } from './status-events.ts'
import type { StatusDeps, StatusHandler } from './status-handler.ts'
import type { Heartbeats } from './status-heartbeats.ts'
import { parseFileIds } from './status-query.ts'
import { statusesResponse } from './status-responses.ts'

type StatusRoutesDeps = Omit<StatusDeps, 'startTimer'> & {
  handleStatus: StatusHandler
  heartbeats: Heartbeats
}

export function statusRoutes(deps: StatusRoutesDeps): Hono<AppEnv> {
  const { statuses, access } = deps
  const app = new Hono<AppEnv>()
  const cors = tokenRouteCors(['GET', 'HEAD'])

  route(app, '/assets/status', {
    GET: async (c) => {
      access.identify(requestKey(c.env.incoming))
      const fileIds = parseFileIds(requestQuery(c.env.incoming))
      const snapshots = await Promise.all(fileIds.map((fileId) => statuses.find(fileId)))
      const requested = fileIds.map((fileId, index) => ({ fileId, snapshot: snapshots[index] }))
      return respond(c, statusesResponse(requested))
    },
  })

  app.use('/assets/:fileId/status', cors)
  route(app, '/assets/:fileId/status', {
    GET: async (c) => respond(c, await deps.handleStatus(c.req.param('fileId') ?? '', c.env)),
    OPTIONS: cors,
  })

  app.use('/assets/:fileId/events', cors)
  route(app, '/assets/:fileId/events', {
    GET: (c) => {
      const fileId = c.req.param('fileId') ?? ''
      const credential = requestCredential(c.env.incoming, requestQuery(c.env.incoming))
      authorizeReader({ access, tokens: deps.statusTokens }, fileId, credential, deps.subject)
      return respondWithEvents(c, deps, credential, (follower) =>
        followStatus({ statuses }, fileId, follower),
      )
    },
    OPTIONS: cors,
  })

  return app
}
