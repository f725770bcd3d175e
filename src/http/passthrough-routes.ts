import { pipeline, Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { ContentfulStatusCode, StatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import type { ProblemCode } from '../contract/problems.ts'
import { TrackerError } from '../domain/errors.ts'
import { isForwarded, type PassthroughMode, readTarget, requiresAdmin } from '../domain/passthrough.ts'
import { readAffectedPlace } from '../imagekit/forwarded-body.ts'
import { FORWARDED_ROUTES, type ForwardedRoute } from '../imagekit/forwarded-routes.ts'
import {
  type ForwardedResponse,
  type ForwardRequestDeps,
  forwardRequest,
} from '../tracking/forwarding/forward-request.ts'
import type { ConcurrencyLimiter } from '../tracking/uploads/concurrency-limiter.ts'
import type { AppContext } from './request.ts'
import { alreadySent, closedSignal } from './response.ts'
import {
  type Api,
  IMAGEKIT_HEADERS,
  type Method,
  type Operation,
  operation,
  type ResponseShape,
  routeWithSlash,
} from './route.ts'

type PassthroughDeps = ForwardRequestDeps<Method> & {
  passthrough: PassthroughMode
  limiter: ConcurrencyLimiter
}

type Operations = { [method in Method]?: Operation }

/** The operations that forward requests to ImageKit's other routes, by their paths. */
export function forwardOperations(
  api: Pick<Api, 'readBody'>,
  deps: PassthroughDeps,
): ReadonlyMap<string, Operations> {
  const byPath = new Map<string, Operations>()
  for (const forwarded of FORWARDED_ROUTES.filter((one) => isForwarded(deps.passthrough, one)))
    byPath.set(forwarded.path, {
      ...byPath.get(forwarded.path),
      [forwarded.method]: forwardOperation(api, deps, forwarded),
    })
  return byPath
}

/** Registers these operations, except those on paths that `upload-routes` registers. */
export function passthroughRoutes(api: Api, operations: ReadonlyMap<string, Operations>): void {
  const isOurs = (path: string) => api.operations.some((registered) => registered.path === path)
  for (const [path, ofPath] of operations) if (!isOurs(path)) routeWithSlash(api, path, ofPath)
}

function forwardOperation(
  { readBody }: Pick<Api, 'readBody'>,
  deps: PassthroughDeps,
  forwarded: ForwardedRoute,
): Operation {
  const { id, method, summary, statuses, query, hasBody, deletes, overwrites, restores } = forwarded
  return operation({
    id,
    summary: `${summary} (forwarded to ImageKit)`,
    auth: requiresAdmin(forwarded) ? 'operator' : 'key',
    ...(query && { query: describeQuery(query) }),
    ...(hasBody && { body: { mediaType: 'application/json' } }),
    responses: Object.fromEntries(statuses.map((status) => [status, shapeOf(status)])),
    headers: HEADERS,
    problems: hasBody ? [...PROBLEMS, 'unsupported_media_type'] : PROBLEMS,
    // Before files may be overwritten, this is recorded.
    ...(!overwrites && !restores && { worksWithoutStore: true as const }),
    handle: ({ caller: { keyName } }, c) =>
      deps.limiter.track(async () => {
        const { incoming } = c.env
        const target = readTarget(incoming.url ?? '', forwarded)
        if (target === null) throw new TrackerError('invalid_input', UNCLEAR_PATH)
        const body = hasBody ? await readBody(incoming) : null
        const signal = closedSignal(c)
        const { headers } = incoming
        const place = readAffectedPlace(forwarded, body)
        const changes = { deletes, overwrites, restores, place }
        const request = { id, method, target, headers, body, ...changes, keyName, signal }
        const response = await limited(deps, () => forwardRequest(deps, request)).catch((error: unknown) => {
          const mayBeDone = error instanceof TrackerError && NO_RESPONSE.includes(error.code)
          // Without this header, ImageKit's SDKs would repeat a change that ImageKit may have made.
          if (method === 'POST' && mayBeDone) c.header('X-Should-Retry', 'false')
          throw error
        })
        return toHonoResponse(c, response)
      }),
  })
}

/**
 * Forwards a request unless too many are in progress, until the whole response has been passed on: each of them has a connection to
 * ImageKit, beside that of its caller.
 */
function limited(
  { limiter }: Pick<PassthroughDeps, 'limiter'>,
  forward: () => Promise<ForwardedResponse>,
): Promise<ForwardedResponse> {
  return new Promise((resolve, reject) => {
    const work = async () => {
      const response = await forward()
      resolve(response)
      const { body } = response
      if (body instanceof Readable) await finished(body).catch(() => {})
    }
    limiter.run('forwarded requests', work).catch(reject)
  })
}

const UNCLEAR_PATH =
  'The path must not contain dot segments, "//", ";", backslashes, or encoded dots, slashes or percent signs.'

/** ImageKit validates the values, and may accept further parameters. */
function describeQuery(names: readonly string[]) {
  return z.looseObject(Object.fromEntries(names.map((name) => [name, z.string().optional()])))
}

function shapeOf(status: number): ResponseShape {
  return status === 204 ? null : { mediaType: 'application/json' }
}

const NO_RESPONSE: readonly ProblemCode[] = ['imagekit_unreachable', 'imagekit_timeout']

/** Beside these, ImageKit's own errors are passed on unchanged. */
const PROBLEMS: readonly ProblemCode[] = ['invalid_input', 'overloaded', ...NO_RESPONSE]

const HEADERS = ['ETag', ...IMAGEKIT_HEADERS] as const

function toHonoResponse(c: AppContext, { status, headers, body }: ForwardedResponse): Response {
  if (body instanceof Uint8Array) return c.body(body, status as ContentfulStatusCode, headers)
  if (status === 204 || status === 304 || c.req.method === 'HEAD') {
    // Otherwise the connection to ImageKit would wait for the body to be read.
    body.destroy()
    return c.body(null, status as StatusCode, headers)
  }
  const { outgoing } = c.env
  outgoing.writeHead(status, headers)
  // If one of the two breaks, the other is destroyed: an incomplete response must not look complete.
  pipeline(body, outgoing, () => {})
  return alreadySent(c)
}
