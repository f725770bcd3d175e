import type { IncomingMessage } from 'node:http'
import type { Handler, Hono } from 'hono'
import type { ContentfulStatusCode, StatusCode } from 'hono/utils/http-status'
import type { z } from 'zod'
import { NO_QUERY } from '../contract/page.ts'
import type { ProblemCode } from '../contract/problems.ts'
import { TrackerError } from '../domain/errors.ts'
import type { JsonObject } from '../domain/json.ts'
import type { Access, Caller } from '../tracking/access.ts'
import type { Capability } from '../tracking/capability-tokens.ts'
import { authorizeReader, type ReaderCredential, type Subject } from '../tracking/status/authorize-reader.ts'
import { tokenRouteCors } from './cors.ts'
import { parseQuery, parseWith } from './parse-with.ts'
import type { ReadBody } from './read-body.ts'
import { readJsonObject, readOptionalJson } from './read-json.ts'
import { type AppContext, type AppEnv, requestCredential, requestKey, requestQuery } from './request.ts'

/**
 * Who may send a request. `none`: anyone. `key`: the holder of any key. `operator`: the holder of an admin key. A subject (`asset`,
 * `submission`): the holder of any key, or of a token for the asset or submission in the path; browsers may read the responses from
 * any site. If no key is configured, none is needed.
 */
export type Auth = 'none' | 'key' | 'operator' | Subject

/** A body that the handler reads or writes itself; `schema` only describes it. */
type DescribedBody = { mediaType: string; schema?: z.ZodType }

/** A response: JSON of this shape, a body of this media type, or no body. */
export type ResponseShape = z.ZodType | DescribedBody | null

/**
 * A request body: a JSON object that `json` parses, which may be absent if it is optional, or a body that the handler reads itself.
 * `schema` describes the body if `json` can't.
 */
export type BodyShape = JsonBody<z.ZodType> | DescribedBody

type JsonBody<Schema> = { json: Schema; isOptional?: true; schema?: z.ZodType }

type Responses = { [status: number]: ResponseShape }

/** A header that some responses have; `X-Request-Id` is in all of them. */
export type ResponseHeader =
  | 'ETag'
  | 'Link'
  | 'Location'
  | 'Retry-After'
  | 'X-Instance-Id'
  | 'X-Submission-Id'
  | 'X-Should-Retry'
  | 'X-IK-RequestId'
  | 'X-RateLimit-Limit'
  | 'X-RateLimit-Reset'
  | 'X-RateLimit-Interval'

/** A request header that some operations read, beside those of HTTP and the credentials. */
export type RequestHeader = 'Idempotency-Key' | 'If-None-Match' | 'Last-Event-ID'

/** The headers of any response on ImageKit's routes: those of ImageKit that are passed on, and a hint for its SDKs. */
export const IMAGEKIT_HEADERS = [
  'Retry-After',
  'X-Should-Retry',
  'X-IK-RequestId',
  'X-RateLimit-Limit',
  'X-RateLimit-Reset',
  'X-RateLimit-Interval',
] as const satisfies readonly ResponseHeader[]

/**
 * Everything about an operation except how it is handled. Errors are not listed: every operation may return a problem (RFC 9457)
 * or, on the paths of ImageKit's own API, an error in ImageKit's shape.
 */
type OperationShape = {
  /** The name of the operation, for generated clients. */
  id: string
  /** What it does, as an imperative without a full stop. */
  summary: string
  auth: Auth
  params?: z.ZodType
  query?: z.ZodType
  requestHeaders?: readonly RequestHeader[]
  body?: BodyShape
  responses: Responses
  /** The headers that the responses may have; those to an error of ImageKit's routes, too. */
  headers?: readonly ResponseHeader[]
  /** The errors of this operation, except those that `commonProblems` lists. */
  problems?: readonly ProblemCode[]
  /** It responds even if the store is unavailable. */
  worksWithoutStore?: true
}

type ResponseOf<Shapes extends Responses> = {
  [Status in keyof Shapes & StatusCode]: Shapes[Status] extends z.ZodType
    ? { status: Status; json: z.input<Shapes[Status]>; headers?: { [name: string]: string } }
    : Shapes[Status] extends null
      ? { status: Status; headers?: { [name: string]: string } }
      : never
}[keyof Shapes & StatusCode]

/** What a handler gets. `caller` is who sent the request; `credential` is what gives access to the subject. */
type HandledRequest<A extends Auth, Params, Query, Body> = {
  params: Params
  query: Query
  body: Body
  /** The JSON body before `body.json` parses it; empty if the operation has no JSON body. */
  json: JsonObject
  caller: A extends 'key' | 'operator' ? Caller : undefined
  credential: A extends Subject ? ReaderCredential : undefined
}

type AnyRequest = HandledRequest<never, never, never, never>
type AnyResponse = Response | { status: StatusCode; json?: unknown; headers?: { [name: string]: string } }

export type Operation = OperationShape & {
  handle: (request: AnyRequest, c: AppContext) => Promise<AnyResponse> | AnyResponse
}

/**
 * An operation whose handler gets parsed values. Its type allows only the JSON and empty responses that are described here; a
 * `Response` is passed on unchecked.
 */
export function operation<
  const A extends Auth,
  const Shapes extends Responses,
  Params = Record<never, never>,
  Query = Record<never, never>,
  Body = undefined,
>(definition: {
  id: string
  summary: string
  auth: A
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  requestHeaders?: readonly RequestHeader[]
  body?: JsonBody<z.ZodType<Body>> | DescribedBody
  responses: Shapes
  headers?: readonly ResponseHeader[]
  problems?: readonly ProblemCode[]
  worksWithoutStore?: true
  handle: (
    request: HandledRequest<A, Params, Query, Body>,
    c: AppContext,
  ) => Promise<ResponseOf<Shapes> | Response> | ResponseOf<Shapes> | Response
}): Operation {
  return definition
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type DescribedOperation = OperationShape & { method: Method; path: string }

/** The routes of the HTTP API, and what they share. `operations` has everything that was registered by `route`. */
export type Api = {
  app: Hono<AppEnv>
  operations: DescribedOperation[]
  access: Access
  tokens: { [subject in Subject]: Pick<Capability, 'verify'> }
  readBody: ReadBody
}

/**
 * Registers the operations of a path. Each request is authenticated first, then its parameters, query and body are parsed, in
 * this order. Without `query`, an operator's operation rejects query parameters, and any other operation ignores them, except a
 * subject's `token`. HEAD responds like GET. If a subject's token gives access, OPTIONS responds to CORS preflight requests. Every
 * other method gets a 405 with `Allow`.
 */
export function route(api: Api, path: string, operations: { [method in Method]?: Operation }): void {
  const handlers: { [method: string]: Handler<AppEnv> } = {}
  const methods = Object.keys(operations) as Method[]
  for (const [method, { handle, ...shape }] of Object.entries(operations)) {
    api.operations.push({ ...shape, method: method as Method, path })
    handlers[method] = createHandler(api, shape, handle)
  }
  if (Object.values(operations).some(({ auth }) => isSubject(auth))) {
    const cors = tokenRouteCors(allowed(methods))
    api.app.use(path, cors)
    handlers['OPTIONS'] = cors
  }
  routeMethods(api.app, path, handlers)
}

/** Accepts a trailing slash too: ImageKit's older SDKs send one in some addresses. */
export function routeWithSlash(api: Api, path: string, operations: { [method in Method]?: Operation }): void {
  route(api, path, operations)
  route(api, `${path}/`, operations)
}

/** Registers the handlers of a path, and a 405 for every other method. */
export function routeMethods(
  app: Hono<AppEnv>,
  path: string,
  handlers: { [method: string]: Handler<AppEnv> },
): void {
  for (const [method, handler] of Object.entries(handlers)) app.on(method, path, handler)
  const allow = allowed(Object.keys(handlers)).join(', ')
  app.all(path, (c) => {
    c.header('Allow', allow)
    throw new TrackerError(
      'method_not_allowed',
      `${c.req.method} is not allowed here; this address accepts ${allow}.`,
    )
  })
}

function allowed(methods: readonly string[]): string[] {
  return methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}

function createHandler(api: Api, shape: OperationShape, handle: Operation['handle']): Handler<AppEnv> {
  // An operator's misspelt or misplaced parameter must not be ignored, such as a `dryRun` that belongs in the body.
  const querySchema = shape.query ?? (shape.auth === 'operator' ? NO_QUERY : undefined)
  return async (c) => {
    const { incoming } = c.env
    const query = requestQuery(incoming)
    const sender = authenticate(api, shape.auth, c, query)
    const params: unknown = shape.params ? parseWith(shape.params, c.req.param()) : {}
    const parsedQuery: unknown = querySchema
      ? parseQuery(querySchema, query, { emptyIsAbsent: shape.auth === 'operator' })
      : {}
    const json = await readJson(api, shape.body, incoming)
    const body: unknown = shape.body && 'json' in shape.body ? parseWith(shape.body.json, json) : undefined
    // `operation` has checked that the handler takes what this shape describes.
    const request = { ...sender, params, query: parsedQuery, json, body } as AnyRequest
    const response = await handle(request, c)
    if (response instanceof Response) return response
    const { status, headers } = response
    if ('json' in response) return c.json(response.json, status as ContentfulStatusCode, headers)
    return c.body(null, status, headers)
  }
}

function authenticate({ access, tokens }: Api, auth: Auth, c: AppContext, query: URLSearchParams) {
  const { incoming } = c.env
  switch (auth) {
    case 'none':
      return {}
    case 'key':
      return { caller: access.identify(requestKey(incoming)) }
    case 'operator':
      return { caller: access.identifyOperator(requestKey(incoming)) }
    case 'asset':
    case 'submission': {
      const credential = requestCredential(incoming, query)
      const id = c.req.param(auth === 'asset' ? 'fileId' : 'submissionId') ?? ''
      authorizeReader({ access, tokens: tokens[auth] }, id, credential, auth)
      return { credential }
    }
  }
}

async function readJson(
  { readBody }: Api,
  body: BodyShape | undefined,
  incoming: IncomingMessage,
): Promise<JsonObject> {
  if (body === undefined || 'mediaType' in body) return {}
  return body.isOptional
    ? readOptionalJson(incoming, readBody)
    : (await readJsonObject(incoming, readBody)).json
}

function isSubject(auth: Auth): auth is Subject {
  return auth === 'asset' || auth === 'submission'
}

/** The errors that an operation may respond with, except those that every operation may have: 405, 431 and 500. */
export function problemsOf(operation: OperationShape): ProblemCode[] {
  return [...new Set([...commonProblems(operation), ...(operation.problems ?? [])])]
}

/** The errors of what `createHandler` and the middleware before it do, and of the store. */
function commonProblems({ auth, query, body, worksWithoutStore }: OperationShape): ProblemCode[] {
  const isOperator = auth === 'operator'
  return [
    // Without keys, any request that does not come from this machine is forbidden.
    'forbidden',
    ...(auth === 'none' ? [] : (['unauthenticated'] as const)),
    ...(auth === 'none' || worksWithoutStore ? [] : (['store_unavailable'] as const)),
    ...(query || isOperator || body ? (['invalid_input'] as const) : []),
    ...(body ? (['payload_too_large', 'request_timeout', 'overloaded'] as const) : []),
    ...(body && 'json' in body ? (['unsupported_media_type'] as const) : []),
  ]
}

/** Finds the pattern of the route that a request matches, such as `/assets/:fileId/status`. Undefined if there is none. */
export function createRoutePattern(
  app: Pick<Hono<AppEnv>, 'router'>,
): (incoming: IncomingMessage) => string | undefined {
  return ({ method = '', url = '' }) => {
    const path = url.replace(/\?.*/s, '')
    const [matches] = app.router.match(method === 'HEAD' ? 'GET' : method, path)
    // The patterns of middleware end with an asterisk.
    return matches.map(([[, { path: pattern }]]) => pattern).findLast((pattern) => !pattern.endsWith('*'))
  }
}
