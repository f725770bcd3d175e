import { createHash } from 'node:crypto'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { TrackerError } from '../domain/errors.ts'
import type { StoredResponse } from '../domain/idempotency.ts'
import { fileIdText } from '../domain/plain-text.ts'
import { fileUpdateSchema, imagekitFileSchema, uploadFormSchema } from '../imagekit/api-schemas.ts'
import { parseExtensions } from '../imagekit/extensions-parameter.ts'
import type { IncomingForm } from '../imagekit/form-reader.ts'
import { parseWebhookUrl } from '../imagekit/webhook-url-parameter.ts'
import type { ConcurrencyLimiter } from '../tracking/uploads/concurrency-limiter.ts'
import { type SubmitUpdateDeps, submitUpdate } from '../tracking/uploads/submit-update.ts'
import { type SubmitUploadDeps, submitUpload } from '../tracking/uploads/submit-upload.ts'
import {
  idempotencyScope,
  type WithIdempotencyKeyDeps,
  withIdempotencyKey,
} from '../tracking/uploads/with-idempotency-key.ts'
import { type BodyLimits, bodyChunks } from './body-chunks.ts'
import { linkedResponse } from './caller-response.ts'
import { meterUpload, type UploadMeter } from './metered-upload.ts'
import { readJsonObject } from './read-json.ts'
import type { AppContext } from './request.ts'
import { closedSignal } from './response.ts'
import {
  type Api,
  IMAGEKIT_HEADERS,
  type Method,
  type Operation,
  operation,
  routeWithSlash,
} from './route.ts'

type UploadRoutesDeps = SubmitUploadDeps<IncomingForm> &
  SubmitUpdateDeps &
  WithIdempotencyKeyDeps & {
    imagekit: { fingerprintUpload(form: IncomingForm): Promise<string> }
    limiter: ConcurrencyLimiter
    meter: UploadMeter
    log: { info(fields: object, text: string): void }
    uploadLimits: BodyLimits
    allowPrivateTargets: boolean
  }

/**
 * The routes that existing ImageKit clients use. They return the status and the body of ImageKit's responses unchanged. `forwarded`:
 * the other operations, by their paths.
 */
export function uploadRoutes(
  api: Api,
  deps: UploadRoutesDeps,
  forwarded: ReadonlyMap<string, { [method in Method]?: Operation }>,
): void {
  for (const version of ['v1', 'v2'] as const) {
    routeWithSlash(api, `/api/${version}/files/upload`, {
      POST: operation({
        id: version === 'v1' ? 'uploadFile' : 'uploadFileV2',
        summary: 'Upload a file to ImageKit',
        auth: 'key',
        requestHeaders: ['Idempotency-Key'],
        body: { mediaType: 'multipart/form-data', schema: uploadFormSchema },
        responses: IMAGEKIT_RESPONSE,
        headers: HEADERS,
        problems: UPLOAD_PROBLEMS,
        handle: ({ caller: { keyName } }, c) =>
          deps.limiter.track(async () => {
            const form = incomingForm(c, deps.uploadLimits)
            const signal = closedSignal(c)
            const response = await withIdempotencyKey(deps, {
              scope: requestScope(c, keyName),
              // Limited, too: a repeated upload sends the whole form again, and costs as much to read as the first.
              fingerprint: () => deps.limiter.run('uploads', () => deps.imagekit.fingerprintUpload(form)),
              send: (claim) =>
                deps.limiter.run('uploads', () =>
                  meterUpload(deps, { form, requestId: c.get('requestId') }, (metered, onSubmission) =>
                    submitUpload(deps, { version, form: metered, keyName, claim, signal, onSubmission }),
                  ),
                ),
            })
            return toHonoResponse(c, linkedResponse(deps.links, response))
          }),
      }),
    })
  }

  const details = '/v1/files/:fileId/details'
  routeWithSlash(api, details, {
    ...forwarded.get(details),
    PATCH: operation({
      id: 'updateFile',
      summary: 'Update a file at ImageKit, for example to request extensions',
      auth: 'key',
      params: z.object({ fileId: fileIdText }),
      requestHeaders: ['Idempotency-Key'],
      body: { mediaType: 'application/json', schema: fileUpdateSchema },
      responses: IMAGEKIT_RESPONSE,
      headers: HEADERS,
      problems: [...UPLOAD_PROBLEMS, 'unsupported_media_type'],
      async handle({ params: { fileId }, caller: { keyName } }, c) {
        const { raw, json } = await readJsonObject(c.env.incoming, api.readBody)
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
              deps.limiter.run('updates', () =>
                submitUpdate(deps, { ...update, keyName, claim, fingerprint }),
              ),
          })
          return toHonoResponse(c, linkedResponse(deps.links, response))
        })
      },
    }),
  })
}

/** Beside these, ImageKit's own errors are passed on unchanged. */
const UPLOAD_PROBLEMS = [
  'request_in_progress',
  'idempotency_key_reused',
  'imagekit_unreachable',
  'imagekit_timeout',
] as const

const IMAGEKIT_RESPONSE = { 200: { mediaType: 'application/json', schema: imagekitFileSchema } }

const HEADERS = ['Link', 'X-Submission-Id', ...IMAGEKIT_HEADERS] as const

function incomingForm(c: AppContext, limits: BodyLimits): IncomingForm {
  const { incoming } = c.env
  return {
    contentType: incoming.headers['content-type'] ?? '',
    chunks: (signal) => bodyChunks(incoming, limits, signal),
  }
}

function toHonoResponse(c: AppContext, { status, headers, body }: StoredResponse): Response {
  const code = status as ContentfulStatusCode
  // Some statuses forbid a body, even an empty one.
  return body === '' ? c.body(null, code, headers) : c.body(body, code, headers)
}

/** The scope of the request's `Idempotency-Key`, the same with and without a trailing slash; null without that header. */
function requestScope(c: AppContext, keyName: string): string | null {
  const key = c.env.incoming.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key))
    return idempotencyScope(keyName, c.req.method, c.req.path.replace(/\/$/, ''), key)
  const message = 'must be 1 to 255 visible ASCII characters'
  throw new TrackerError('invalid_input', 'A header is not valid.', {
    fields: [{ field: 'Idempotency-Key', message }],
  })
}
