import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { TrackerError } from '../domain/errors.ts'
import { isFileId } from '../domain/file-id.ts'
import type { StoredResponse } from '../domain/idempotency.ts'
import { parseExtensions } from '../imagekit/extensions-parameter.ts'
import type { IncomingForm } from '../imagekit/form-reader.ts'
import { parseWebhookUrl } from '../imagekit/webhook-url-parameter.ts'
import type { Access } from '../tracking/access.ts'
import type { ConcurrencyLimiter } from '../tracking/concurrency-limiter.ts'
import { type SubmitUpdateDeps, submitUpdate } from '../tracking/submit-update.ts'
import { type SubmitUploadDeps, submitUpload } from '../tracking/submit-upload.ts'
import { withIdempotencyKey } from '../tracking/with-idempotency-key.ts'
import type { AppContext, AppEnv } from './app-env.ts'
import { type BodyLimits, bodyChunks } from './body-chunks.ts'
import { closedSignal } from './closed-signal.ts'
import { requestScope } from './idempotency-key.ts'
import { meterUpload, type UploadMeter } from './metered-upload.ts'
import type { ReadBody } from './read-body.ts'
import { readJsonObject } from './read-json.ts'
import { requestKey } from './request-key.ts'
import { type MethodHandlers, route } from './routes.ts'

type UploadRoutesDeps = SubmitUploadDeps<IncomingForm> &
  SubmitUpdateDeps &
  Parameters<typeof withIdempotencyKey>[0] & {
    imagekit: { fingerprintUpload(form: IncomingForm): Promise<string> }
    access: Access
    limiter: ConcurrencyLimiter
    meter: UploadMeter
    log: { info(fields: object, text: string): void }
    uploadLimits: BodyLimits
    allowPrivateTargets: boolean
    readBody: ReadBody
  }

/** The routes that existing ImageKit clients use. */
export function uploadRoutes(deps: UploadRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  for (const version of ['v1', 'v2'] as const) {
    routeWithSlash(app, `/api/${version}/files/upload`, {
      POST: (c) => {
        const { keyName } = deps.access.identify(requestKey(c.env.incoming))
        return deps.limiter.track(async () => {
          const form = incomingForm(c, deps.uploadLimits)
          const signal = closedSignal(c)
          const response = await withIdempotencyKey(deps, {
            scope: requestScope(c, keyName),
            // A repeated upload sends the whole form again, and costs as much to read as the first.
            fingerprint: () => deps.limiter.run('uploads', () => deps.imagekit.fingerprintUpload(form)),
            send: (claim) =>
              deps.limiter.run('uploads', () =>
                meterUpload(deps, { form, requestId: c.get('requestId') }, (metered, onSubmission) =>
                  submitUpload(deps, { version, form: metered, keyName, claim, signal, onSubmission }),
                ),
              ),
          })
          return toHonoResponse(c, response)
        })
      },
    })
  }

  routeWithSlash(app, '/v1/files/:fileId/details', {
    PATCH: async (c) => {
      const { keyName } = deps.access.identify(requestKey(c.env.incoming))
      const fileId = parseFileId(c)
      const { raw, json } = await readJsonObject(c.env.incoming, deps.readBody)
      const { webhookUrl, ...body } = json
      const extensions = body['extensions'] === undefined ? [] : parseExtensions(body['extensions'])
      const callerWebhookUrl = parseWebhookUrl(webhookUrl, deps)
      const update = { fileId, body, extensions, callerWebhookUrl }
      const fingerprint = createHash('sha256').update(raw).digest('hex')
      return deps.limiter.track(async () => {
        const response = await withIdempotencyKey(deps, {
          scope: requestScope(c, keyName),
          fingerprint: async () => fingerprint,
          send: (claim) =>
            deps.limiter.run('updates', () => submitUpdate(deps, { ...update, keyName, claim, fingerprint })),
        })
        return toHonoResponse(c, response)
      })
    },
  })
  return app
}

/** ImageKit's older Python SDK sends a trailing slash in the address of an update. */
function routeWithSlash(app: Hono<AppEnv>, path: string, handlers: MethodHandlers): void {
  route(app, path, handlers)
  route(app, `${path}/`, handlers)
}

function incomingForm(c: AppContext, limits: BodyLimits): IncomingForm {
  const { incoming } = c.env
  return {
    contentType: incoming.headers['content-type'] ?? '',
    chunks: (signal) => bodyChunks(incoming, limits, signal),
  }
}

function parseFileId(c: AppContext): string {
  const fileId = c.req.param('fileId') ?? ''
  if (isFileId(fileId)) return fileId
  throw new TrackerError('invalid_input', 'Your request contains invalid fileId parameter.')
}

function toHonoResponse(c: AppContext, { status, headers, body }: StoredResponse): Response {
  const code = status as ContentfulStatusCode
  // Some statuses forbid a body, even an empty one.
  return body === '' ? c.body(null, code, headers) : c.body(body, code, headers)
}
