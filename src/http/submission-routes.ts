import { Hono } from 'hono'
import { z } from 'zod'
import { parseExtensions } from '../imagekit/extensions-parameter.ts'
import { fileIdText, plainText } from '../imagekit/plain-text.ts'
import { parseReportedResponse } from '../imagekit/read-response.ts'
import { parseWebhookUrl } from '../imagekit/webhook-url-parameter.ts'
import type { Store } from '../store/store.ts'
import type { Access } from '../tracking/access.ts'
import { authorizeReader } from '../tracking/authorize-reader.ts'
import type { CapabilityTokens } from '../tracking/capability-tokens.ts'
import { recordResponse } from '../tracking/record-response.ts'
import { registerSubmission } from '../tracking/register-submission.ts'
import type { StatusCache } from '../tracking/status-cache.ts'
import type { StartTimer } from '../tracking/status-timer.ts'
import { followSubmission } from '../tracking/submission-status-cache.ts'
import { submissionView } from '../tracking/submission-view.ts'
import type { WaitingLimit } from '../tracking/waiting-limit.ts'
import type { AppContext, AppEnv } from './app-env.ts'
import { tokenRouteCors } from './cors.ts'
import { parseWith } from './parse-with.ts'
import { respond } from './plain-response.ts'
import type { ReadBody } from './read-body.ts'
import { readJsonObject } from './read-json.ts'
import { requestCredential } from './request-credential.ts'
import { requestKey } from './request-key.ts'
import { requestQuery } from './request-query.ts'
import { route } from './routes.ts'
import { respondWithEvents } from './status-events.ts'
import { createStatusHandler } from './status-handler.ts'
import type { Heartbeats } from './status-heartbeats.ts'
import { linkedStatusResponse, notFound } from './status-responses.ts'

type SubmissionRoutesDeps = Parameters<typeof registerSubmission>[0] &
  Parameters<typeof recordResponse>[0] & {
    store: Pick<Store, 'findSubmission'>
    statuses: StatusCache
    submissionStatuses: StatusCache
    access: Access
    tokens: Pick<CapabilityTokens, 'submission'>
    readBody: ReadBody
    allowPrivateTargets: boolean
    heartbeats: Heartbeats
    waitingLimit: WaitingLimit
    startTimer: StartTimer
  }

// Invalid Unicode can't be part of an address, and PostgreSQL's text columns can't store NUL.
const registrationSchema = z.strictObject({
  extensions: z
    .custom<unknown[]>(Array.isArray, 'should be an array')
    .refine(({ length }) => length > 0, 'is empty'),
  fileId: fileIdText.nullish(),
  fileName: plainText.nullish(),
  webhookUrl: z.unknown().optional(),
})

const responseSchema = z.object({ fileId: fileIdText.optional() })

/** Registers uploads made elsewhere, and shows any submission. */
export function submissionRoutes(deps: SubmissionRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  const handleStatus = createStatusHandler({
    ...deps,
    statuses: deps.submissionStatuses,
    statusTokens: deps.tokens.submission,
    subject: 'submission',
  })

  const authorize = (c: AppContext) => {
    const submissionId = c.req.param('submissionId') ?? ''
    const credential = requestCredential(c.env.incoming, requestQuery(c.env.incoming))
    const { access, tokens } = deps
    authorizeReader({ access, tokens: tokens.submission }, submissionId, credential, 'submission')
    return { submissionId, credential }
  }
  const getSubmission = async (submissionId: string) => {
    const found = await deps.store.findSubmission(submissionId)
    if (found === undefined) throw notFound('submission')
    return found
  }

  route(app, '/submissions', {
    POST: async (c) => {
      const { keyName } = deps.access.identify(requestKey(c.env.incoming))
      const { json } = await readJsonObject(c.env.incoming, deps.readBody)
      const { extensions, fileId, fileName, webhookUrl } = parseWith(registrationSchema, json)
      const { location, ...registered } = await registerSubmission(deps, {
        extensions: parseExtensions(extensions),
        fileId: fileId ?? null,
        fileName: fileName ?? null,
        callerWebhookUrl: parseWebhookUrl(webhookUrl, deps),
        keyName,
      })
      return c.json(registered, 201, { Location: location })
    },
  })

  const readCors = tokenRouteCors(['GET', 'HEAD'])
  app.use('/submissions/:submissionId', readCors)
  route(app, '/submissions/:submissionId', {
    GET: async (c) => respond(c, await handleStatus(c.req.param('submissionId') ?? '', c.env)),
    OPTIONS: readCors,
  })

  app.use('/submissions/:submissionId/events', readCors)
  route(app, '/submissions/:submissionId/events', {
    GET: (c) => {
      const { submissionId, credential } = authorize(c)
      return respondWithEvents(c, { ...deps, subject: 'submission' }, credential, (follower) =>
        followSubmission(deps, submissionId, follower),
      )
    },
    OPTIONS: readCors,
  })

  const responseCors = tokenRouteCors(['PUT'])
  app.use('/submissions/:submissionId/response', responseCors)
  route(app, '/submissions/:submissionId/response', {
    PUT: async (c) => {
      const { submissionId } = authorize(c)
      await getSubmission(submissionId)
      const { json } = await readJsonObject(c.env.incoming, deps.readBody)
      parseWith(responseSchema, json)
      const { state, fileId } = await recordResponse(deps, submissionId, parseReportedResponse(json))
      if (state !== 'accepted' || fileId === null)
        return c.json(submissionView(deps.links, await getSubmission(submissionId)))
      const snapshot = await deps.statuses.find(fileId)
      return respond(c, linkedStatusResponse(snapshot, deps.links.asset(fileId)))
    },
    OPTIONS: responseCors,
  })
  return app
}
