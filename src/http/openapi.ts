import { z } from 'zod'
import { imagekitErrorSchema, PROBLEMS, problemSchema } from '../contract/problems.ts'
import { type Components, type JsonSchema, toJsonSchema } from './component-schemas.ts'
import { isImagekitPath } from './error-responses.ts'
import {
  type Auth,
  type BodyShape,
  type DescribedOperation,
  problemsOf,
  type RequestHeader,
  type ResponseHeader,
  type ResponseShape,
} from './route.ts'

/** An OpenAPI 3.1 document. */
export type OpenApiDocument = {
  openapi: string
  info: object
  servers: object[]
  tags: object[]
  paths: { [path: string]: { [method: string]: OpenApiOperation } }
  components: { schemas: Components; headers: object; securitySchemes: object }
}

export type OpenApiOperation = {
  operationId: string
  responses: { [status: string]: OpenApiResponse }
  parameters: OpenApiParameter[]
  requestBody?: { required: boolean; content: Content }
  [name: string]: unknown
}

type OpenApiParameter = {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  schema: JsonSchema
}
export type OpenApiResponse = { description: string; headers: object; content?: Content }
type Content = { [mediaType: string]: { schema?: JsonSchema } }

/** Describes the operations, from their schemas and from what `route` checks. */
export function describeApi(
  operations: readonly DescribedOperation[],
  { publicUrl, version }: { publicUrl: string; version: string },
): OpenApiDocument {
  const schemas: Components = {}
  const paths: OpenApiDocument['paths'] = {}
  // ImageKit's older Python SDK needs the trailing slash; nobody else does.
  for (const operation of operations.filter(({ path }) => path === '/' || !path.endsWith('/'))) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] ??= {}
    paths[path][operation.method.toLowerCase()] = describeOperation(operation, schemas)
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'imagekit-extension-tracker',
      version,
      description: INTRODUCTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      headers: HEADERS,
      securitySchemes: SECURITY_SCHEMES,
    },
  }
}

const INTRODUCTION = `Tracks the final status of ImageKit extensions.

Every response has an \`X-Request-Id\`: that of the request if it is valid, else a new one. Times are RFC 3339 in UTC. An error is a
problem (RFC 9457); on ImageKit's own paths, it has ImageKit's shape \`{ message, help }\`. Every operation may respond with 500
(\`internal\`), with 431 (\`headers_too_large\`), and with 400 (\`invalid_input\`) to a \`Host\` header that is not valid. Every path
responds with 405 to other methods, with those that it accepts in \`Allow\`, and every other path with 404.`

const TAGS = {
  ImageKit: 'The routes of ImageKit’s API that existing clients already use.',
  Status: 'The status of an asset’s extensions.',
  Submissions: 'Uploads that callers send to ImageKit themselves.',
  Webhooks: 'The routes to which ImageKit sends webhooks.',
  Operators: 'What failed and why, and what to do about it. An admin key is required.',
  Monitoring: 'Health, metrics and explanations of errors.',
} as const

/** The tag of the paths that begin with this segment. All other paths are for operators. */
const TAG_OF: { [segment: string]: keyof typeof TAGS } = {
  api: 'ImageKit',
  v1: 'ImageKit',
  assets: 'Status',
  submissions: 'Submissions',
  'upload-auth': 'Submissions',
  webhooks: 'Webhooks',
  healthz: 'Monitoring',
  readyz: 'Monitoring',
  metrics: 'Monitoring',
  problems: 'Monitoring',
}

function tagOf(path: string): string {
  const [, segment = ''] = path.split('/')
  return TAG_OF[segment] ?? 'Operators'
}

type DescribedHeader = ResponseHeader | 'X-Request-Id' | 'WWW-Authenticate'

const HEADERS: { [name in DescribedHeader]: { description: string; schema: JsonSchema } } = {
  'X-Request-Id': { description: 'Identifies the request in the log.', schema: { type: 'string' } },
  'WWW-Authenticate': { description: 'How to send a key.', schema: { type: 'string' } },
  'Retry-After': { description: 'In seconds: when to try again.', schema: { type: 'integer' } },
  ETag: { description: 'The version of the status, for `If-None-Match`.', schema: { type: 'string' } },
  Location: { description: 'The address of what was created.', schema: { type: 'string' } },
  Link: {
    description:
      'On an upload, `rel="status"` and `rel="events"`: the URLs of the status. On a list, `rel="next"`.',
    schema: { type: 'string' },
  },
  'X-Instance-Id': { description: 'Identifies the process that responded.', schema: { type: 'string' } },
  'X-Submission-Id': { description: 'The id of the submission.', schema: { type: 'string' } },
  'X-Should-Retry': {
    description: '`false` if ImageKit may have received the request. ImageKit’s SDKs then don’t repeat it.',
    schema: { type: 'string' },
  },
  'X-IK-RequestId': { description: 'ImageKit’s id of the request.', schema: { type: 'string' } },
  'X-RateLimit-Limit': { description: 'ImageKit’s rate limit.', schema: { type: 'string' } },
  'X-RateLimit-Reset': { description: 'When ImageKit’s rate limit is reset.', schema: { type: 'string' } },
  'X-RateLimit-Interval': {
    description: 'The interval of ImageKit’s rate limit.',
    schema: { type: 'string' },
  },
}

const REQUEST_HEADERS: { [name in RequestHeader]: JsonSchema } = {
  'Idempotency-Key': {
    type: 'string',
    pattern: '^[!-~]{1,255}$',
    description: 'For 24 hours, the same request with the same key gets the first response.',
  },
  'If-None-Match': {
    type: 'string',
    description:
      'The `ETag` of the status that the caller has. With `wait`, the response comes once it differs.',
  },
  'Last-Event-ID': {
    type: 'string',
    description: 'The id of the last event that the caller has received, as an `EventSource` sends it.',
  },
}

const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key or an admin key of the tracker.' },
  basic: {
    type: 'http',
    scheme: 'basic',
    description: 'The key as the user name, as ImageKit’s SDKs send it. The password is ignored.',
  },
  token: {
    type: 'apiKey',
    in: 'query',
    name: 'token',
    description: 'The token of a `statusUrl`. It gives access to one asset or submission.',
  },
}

function securityOf(auth: Auth): object[] {
  const byKey = [{ bearer: [] }, { basic: [] }]
  if (auth === 'none') return []
  return auth === 'key' || auth === 'operator' ? byKey : [...byKey, { token: [] }]
}

function describeOperation(operation: DescribedOperation, schemas: Components): OpenApiOperation {
  const { id, summary, auth, path, params, query, requestHeaders = [], body, responses, headers } = operation
  const hasBody = body !== undefined
  return {
    operationId: id,
    summary,
    tags: [tagOf(path)],
    security: securityOf(auth),
    parameters: [
      ...[...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
        name,
        in: 'path' as const,
        required: true,
        schema: fieldSchema(params, name, schemas) ?? { type: 'string' },
      })),
      ...describeQuery(query, schemas),
      ...requestHeaders.map((name) => ({
        name,
        in: 'header' as const,
        required: false,
        schema: REQUEST_HEADERS[name],
      })),
    ],
    ...(hasBody && { requestBody: { required: !('isOptional' in body), content: contentOf(body, schemas) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(responses).map(([status, shape]) => [
          status,
          describeResponse(Number(status), shape, headers, schemas),
        ]),
      ),
      ...describeProblems(operation, schemas),
      ...(isImagekitPath(path) && { default: describeResponse(0, IMAGEKIT_OWN, headers, schemas) }),
    },
  }
}

function contentOf(body: BodyShape, schemas: Components): Content {
  if ('json' in body)
    return { 'application/json': { schema: toJsonSchema(body.schema ?? body.json, schemas) } }
  return { [body.mediaType]: body.schema ? { schema: toJsonSchema(body.schema, schemas) } : {} }
}

function describeResponse(
  status: number,
  shape: ResponseShape,
  names: readonly ResponseHeader[] = [],
  schemas: Components,
): OpenApiResponse {
  const headers = refs(['X-Request-Id', ...names])
  const description = STATUS_TEXTS[status] ?? 'Done.'
  if (shape === null) return { description, headers }
  const body: BodyShape = 'mediaType' in shape ? shape : { json: shape }
  return { description, headers, content: contentOf(body, schemas) }
}

/** Any other status on ImageKit's paths. */
const IMAGEKIT_OWN: ResponseShape = { mediaType: '*/*' }

const STATUS_TEXTS: { [status: number]: string } = {
  0: 'ImageKit’s own response, unchanged.',
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted. The work goes on after the response.',
  204: 'Done. The response has no body.',
  304: 'The status has not changed since the `ETag` in `If-None-Match`.',
}

function describeProblems(
  operation: DescribedOperation,
  schemas: Components,
): { [status: string]: OpenApiResponse } {
  const isImagekit = isImagekitPath(operation.path)
  const schema = toJsonSchema(isImagekit ? imagekitErrorSchema : problemSchema, schemas)
  const mediaType = isImagekit ? 'application/json' : 'application/problem+json'
  const all = problemsOf(operation)
  const statuses = new Set(all.map((code) => PROBLEMS[code].status))
  return Object.fromEntries(
    [...statuses].map((status) => {
      const codes = all.filter((code) => PROBLEMS[code].status === status)
      const mayRetry = codes.some((code) => 'retryAfter' in PROBLEMS[code])
      const description = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' ')
      const headers = refs([
        'X-Request-Id',
        ...(mayRetry ? (['Retry-After'] as const) : []),
        ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
        ...(isImagekit ? (operation.headers ?? []) : []),
      ])
      // ImageKit's own error with this status is passed on, whatever it is.
      const content = { [mediaType]: { schema }, ...(isImagekit && { '*/*': {} }) }
      return [status, { description, headers, content }]
    }),
  )
}

function refs(names: readonly DescribedHeader[]): object {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
}

function describeQuery(query: z.ZodType | undefined, schemas: Components): OpenApiParameter[] {
  if (!(query instanceof z.ZodObject)) return []
  const { properties = {}, required = [] } = toJsonSchema(query, schemas) as {
    properties?: { [name: string]: JsonSchema }
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query' as const,
    required: required.includes(name),
    schema: withoutNull(schema),
  }))
}

/** An absent parameter is never sent as null. */
function withoutNull({ type, anyOf, ...rest }: JsonSchema): JsonSchema {
  if (Array.isArray(type)) return { type: type.find((one) => one !== 'null'), ...rest }
  const others = (anyOf as JsonSchema[] | undefined)?.filter((one) => one['type'] !== 'null')
  return {
    ...(type !== undefined && { type }),
    ...(others?.length === 1 ? others[0] : others && { anyOf: others }),
    ...rest,
  }
}

function fieldSchema(
  params: z.ZodType | undefined,
  name: string,
  schemas: Components,
): JsonSchema | undefined {
  const field: unknown = params instanceof z.ZodObject ? params.shape[name] : undefined
  return field instanceof z.ZodType ? toJsonSchema(field, schemas) : undefined
}
