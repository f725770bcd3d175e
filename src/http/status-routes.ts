import { Hono } from 'hono'
import { admitReader } from '../tracking/admit-reader.ts'
import { followStatus } from '../tracking/status-feed.ts'
import type { AppEnv } from './app-env.ts'
import type { AskStatus, StatusDeps } from './ask-status.ts'
import { tokenRouteCors } from './cors.ts'
import { respond } from './plain-answer.ts'
import { presentedCredential } from './presented-credential.ts'
import { presentedKey } from './presented-key.ts'
import { requestQuery } from './request-query.ts'
import { route } from './routes.ts'
import { answerStatuses } from './status-answers.ts'
import { answerEvents } from './status-events.ts'
import type { Heartbeats } from './status-heartbeats.ts'
import { parseFileIds } from './status-query.ts'

type StatusRoutesDeps = Omit<StatusDeps, 'startTimer'> & { askStatus: AskStatus; heartbeats: Heartbeats }

export function statusRoutes(deps: StatusRoutesDeps): Hono<AppEnv> {
  const { board, access } = deps
  const app = new Hono<AppEnv>()
  const cors = tokenRouteCors(['GET', 'HEAD'])

  route(app, '/assets/status', {
    GET: async (c) => {
      access.identify(presentedKey(c.env.incoming))
      const fileIds = parseFileIds(requestQuery(c.env.incoming))
      const snapshots = await Promise.all(fileIds.map((fileId) => board.find(fileId)))
      const asked = fileIds.map((fileId, index) => ({ fileId, snapshot: snapshots[index] }))
      return respond(c, answerStatuses(asked))
    },
  })

  app.use('/assets/:fileId/status', cors)
  route(app, '/assets/:fileId/status', {
    GET: async (c) => respond(c, await deps.askStatus(c.req.param('fileId') ?? '', c.env)),
    OPTIONS: cors,
  })

  app.use('/assets/:fileId/events', cors)
  route(app, '/assets/:fileId/events', {
    GET: (c) => {
      const fileId = c.req.param('fileId') ?? ''
      const credential = presentedCredential(c.env.incoming, requestQuery(c.env.incoming))
      admitReader({ access, tokens: deps.statusTokens }, fileId, credential, deps.subject)
      return answerEvents(c, deps, credential, (follower) => followStatus({ board }, fileId, follower))
    },
    OPTIONS: cors,
  })

  return app
}
