import { Hono } from 'hono'
import type { Access } from '../tracking/access.ts'
import { admitReader } from '../tracking/admit-reader.ts'
import type { Capability } from '../tracking/capability-tokens.ts'
import type { StatusBoard } from '../tracking/status-board.ts'
import { type StartTimer, startSystemTimer } from '../tracking/status-timer.ts'
import { waitForStatus } from '../tracking/status-wait.ts'
import type { AppContext, AppEnv } from './app-env.ts'
import { tokenRouteCors } from './cors.ts'
import { presentedCredential } from './presented-credential.ts'
import { presentedKey } from './presented-key.ts'
import { route } from './routes.ts'
import { answerStatus, answerStatuses } from './status-answers.ts'
import { type IsKnown, ifNoneMatch } from './status-conditions.ts'
import { answerEvents } from './status-events.ts'
import { createHeartbeats } from './status-heartbeats.ts'
import { parseFileIds, parseWaitMs } from './status-query.ts'

export type StatusRoutesDeps = {
  board: StatusBoard
  access: Pick<Access, 'identify'>
  statusTokens: Pick<Capability, 'verify'>
  startTimer?: StartTimer
}

const HEARTBEAT_MS = 15_000

export function statusRoutes(deps: StatusRoutesDeps): Hono<AppEnv> {
  const { board, access, startTimer = startSystemTimer } = deps
  const heartbeats = createHeartbeats(startTimer, HEARTBEAT_MS)
  const app = new Hono<AppEnv>()
  const cors = tokenRouteCors(['GET', 'HEAD'])

  /** The asset that the address names, once the caller was found to be one who may read it. */
  const admit = (c: AppContext): string => {
    const fileId = c.req.param('fileId') ?? ''
    admitReader({ access, tokens: deps.statusTokens }, fileId, presentedCredential(c), 'asset')
    return fileId
  }

  const waitForClient = (c: AppContext, fileId: string, ms: number, isKnown: IsKnown | undefined) => {
    const waiting = waitForStatus({ board, startTimer }, fileId, { ms, isKnown: isKnown ?? (() => true) })
    c.env.outgoing.once('close', () => waiting.leave())
    return waiting.answer
  }

  route(app, '/assets/status', {
    GET: async (c) => {
      access.identify(presentedKey(c))
      const fileIds = parseFileIds(c)
      const snapshots = await Promise.all(fileIds.map((fileId) => board.find(fileId)))
      return answerStatuses(
        c,
        fileIds.map((fileId, index) => ({ fileId, snapshot: snapshots[index] })),
      )
    },
  })

  app.use('/assets/:fileId/status', cors)
  route(app, '/assets/:fileId/status', {
    GET: async (c) => {
      const fileId = admit(c)
      const isKnown = ifNoneMatch(c)
      const waitMs = parseWaitMs(c)
      const snapshot = waitMs === 0 ? board.find(fileId) : waitForClient(c, fileId, waitMs, isKnown)
      return answerStatus(c, await snapshot, isKnown)
    },
    OPTIONS: cors,
  })

  app.use('/assets/:fileId/events', cors)
  route(app, '/assets/:fileId/events', {
    GET: (c) => answerEvents(c, { board, heartbeats }, admit(c)),
    OPTIONS: cors,
  })

  return app
}
