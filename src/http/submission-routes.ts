import { z } from 'zod'
import { linkedAssetStatusSchema, statusQuerySchema } from '../contract/asset.ts'
import { NO_QUERY } from '../contract/page.ts'
import {
  registeredSubmissionSchema,
  registrationSchema,
  reportedResponseSchema,
  submissionSchema,
} from '../contract/submission.ts'
import { parseExtensions } from '../imagekit/extensions-parameter.ts'
import { parseReportedResponse } from '../imagekit/read-response.ts'
import { parseWebhookUrl } from '../imagekit/webhook-url-parameter.ts'
import type { Store } from '../store/store.ts'
import type { StatusCache } from '../tracking/status/status-cache.ts'
import { followSubmission, submissionView } from '../tracking/status/submission-status-cache.ts'
import { type RegisterSubmissionDeps, registerSubmission } from '../tracking/uploads/register-submission.ts'
import { type ReportResponseDeps, reportResponse } from '../tracking/uploads/report-response.ts'
import { withIssues } from './parse-with.ts'
import { respond } from './response.ts'
import { type Api, operation, route } from './route.ts'
import { type EventsDeps, eventResponses, respondWithEvents } from './status-events.ts'
import { createStatusHandler, type StatusDeps } from './status-handler.ts'
import { linkedStatusResponse, notFound } from './status-responses.ts'

type SubmissionRoutesDeps = RegisterSubmissionDeps &
  ReportResponseDeps &
  Omit<StatusDeps, 'subject'> &
  Omit<EventsDeps, 'subject'> & {
    store: Pick<Store, 'findSubmission'>
    submissionStatuses: StatusCache
    allowPrivateTargets: boolean
  }

const submissionIdParams = z.object({ submissionId: z.string() })

/** Registers submissions that are sent without the tracker, receives ImageKit's responses to them, and shows any submission. */
export function submissionRoutes(api: Api, deps: SubmissionRoutesDeps): void {
  const handleStatus = createStatusHandler({
    ...deps,
    statuses: deps.submissionStatuses,
    subject: 'submission',
  })
  const registration = registrationSchema.extend({
    extensions: registrationSchema.shape.extensions.transform(withIssues(parseExtensions)),
    webhookUrl: registrationSchema.shape.webhookUrl.transform(
      withIssues((value) => parseWebhookUrl(value, deps)),
    ),
  })
  const getSubmission = async (id: string) => {
    const found = await deps.store.findSubmission(id)
    if (found === undefined) throw notFound('submission')
    return found
  }

  route(api, '/submissions', {
    POST: operation({
      id: 'registerSubmission',
      summary: 'Register an upload that is sent directly to ImageKit',
      auth: 'key',
      query: NO_QUERY,
      body: { json: registration, schema: registrationSchema },
      responses: { 201: registeredSubmissionSchema },
      headers: ['Location'],
      async handle({ body: { extensions, fileId = null, fileName = null, webhookUrl }, caller }) {
        const { location, ...registered } = await registerSubmission(deps, {
          extensions,
          fileId,
          fileName,
          callerWebhookUrl: webhookUrl,
          keyName: caller.keyName,
        })
        return { status: 201, json: registered, headers: { Location: location } }
      },
    }),
  })
  route(api, '/submissions/:submissionId', {
    GET: operation({
      id: 'getSubmission',
      summary: 'Get a submission, or wait for its final status',
      auth: 'submission',
      params: submissionIdParams,
      query: statusQuerySchema,
      requestHeaders: ['If-None-Match'],
      responses: { 200: submissionSchema, 304: null },
      headers: ['ETag', 'Retry-After'],
      problems: ['not_found', 'overloaded'],
      async handle({ params, query, credential }, c) {
        const request = { id: params.submissionId, credential, waitMs: query.wait }
        return respond(c, await handleStatus(request, c.env))
      },
    }),
  })
  route(api, '/submissions/:submissionId/events', {
    GET: operation({
      id: 'followSubmission',
      summary: 'Follow the status of a submission as server-sent events',
      auth: 'submission',
      params: submissionIdParams,
      requestHeaders: ['Last-Event-ID'],
      responses: eventResponses,
      problems: ['not_found', 'overloaded'],
      handle: ({ params, credential }, c) =>
        respondWithEvents(c, { ...deps, subject: 'submission' }, credential, (follower) =>
          followSubmission(deps, params.submissionId, follower),
        ),
    }),
  })
  route(api, '/submissions/:submissionId/response', {
    PUT: operation({
      id: 'reportResponse',
      summary: 'Report ImageKit’s response to a registered upload',
      auth: 'submission',
      params: submissionIdParams,
      body: { json: reportedResponseSchema },
      responses: { 200: z.union([linkedAssetStatusSchema, submissionSchema]) },
      headers: ['ETag', 'Link', 'Retry-After'],
      problems: ['not_found', 'response_conflict'],
      async handle({ params, json }, c) {
        // Checked first: an unknown submission gets a 404 even if the JSON object is not a response of ImageKit's.
        await getSubmission(params.submissionId)
        const { state, fileId } = await reportResponse(deps, params.submissionId, parseReportedResponse(json))
        if (state !== 'accepted' || fileId === null) {
          const submission = submissionView(deps.links, await getSubmission(params.submissionId))
          return { status: 200, json: submission }
        }
        const snapshot = await deps.statuses.find(fileId)
        return respond(c, linkedStatusResponse(snapshot, deps.links.asset(fileId)))
      },
    }),
  })
}
