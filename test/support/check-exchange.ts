import { appendFileSync, mkdirSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { isImagekitPath } from '../../src/http/error-responses.ts'
import type { OpenApiDocument, OpenApiOperation, OpenApiResponse } from '../../src/http/openapi.ts'

/** A request that a tracker received, and its response. Bodies are complete. */
export type Exchange = {
  method: string
  /** The request target, such as `/runs?limit=1`. */
  target: string
  requestType: string
  requestBody: Buffer
  status: number
  responseType: string
  /** By their names in lower case. */
  responseHeaders: ReadonlySet<string>
  responseBody: Buffer
}

/** The responses that were checked so far, as `operationId status`; `npm run api-coverage` compares them with the description. */
const COVERAGE_FILE = 'coverage/api-responses.txt'
const covered = new Set<string>()

/** Checks exchanges against an API description. Returns what contradicts the description; undefined if nothing does. */
export function createExchangeCheck(document: OpenApiDocument) {
  const ajv = formats.default(
    new Ajv2020({ strict: false, validateFormats: true, allErrors: false, schemas: [closed(document)] }),
  )
  const validators = new Map<string, ValidateFunction>()
  const validate = (pointer: string[], value: unknown): string | undefined => {
    const key = pointer.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')
    let validator = validators.get(key)
    if (validator === undefined) {
      validator = ajv.compile({ $ref: `${DOCUMENT}#/${encodeURI(key)}` })
      validators.set(key, validator)
    }
    return validator(value) ? undefined : ajv.errorsText(validator.errors)
  }
  const routes = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}/?$`),
  }))

  return (exchange: Exchange): string | undefined => {
    const { status } = exchange
    const url = parseTarget(exchange.target)
    if (url === undefined || /^\/admin(\/|$)/.test(url.pathname)) return undefined
    const method = exchange.method === 'HEAD' ? 'get' : exchange.method.toLowerCase()
    const label = `${exchange.method} ${url.pathname} → ${status} ${exchange.responseType}`
    const matches = routes
      .filter(({ pattern }) => pattern.test(url.pathname))
      .toSorted((one, other) => one.path.split('{').length - other.path.split('{').length)
    const [match] = matches
    if (match === undefined)
      return UNDESCRIBED_PATH.has(status) ? undefined : `${label}: the path is not described`
    const operation = document.paths[match.path]?.[method]
    if (operation === undefined) {
      const isAllowed = UNDESCRIBED_METHOD.has(status) || (method === 'options' && status === 204)
      return isAllowed ? undefined : `${label}: the method is not described`
    }
    if (ANY_OPERATION.has(status) && operation.responses[status] === undefined) return undefined
    const key = operation.responses[status] === undefined ? 'default' : String(status)
    const response = operation.responses[key]
    if (response === undefined) return `${label}: the status is not described`
    note(`${operation.operationId} ${key}`)
    const pointer = ['paths', match.path, method]
    const fault =
      checkHeaders(response, exchange) ??
      checkResponse(validate, [...pointer, 'responses', key], response, exchange) ??
      (status < 400 ? checkRequest(validate, pointer, operation, url, exchange) : undefined)
    return fault === undefined ? undefined : `${label}: ${fault}`
  }
}

/**
 * Statuses of a request to a path that is not described, or with a method that is not. `GET /submissions/`, with an empty id,
 * counts as the second. OPTIONS may also get a 204, the response to CORS preflight requests.
 */
const UNDESCRIBED_PATH = new Set([400, 403, 404, 405, 431])
const UNDESCRIBED_METHOD = new Set([400, 403, 404, 405, 431])
/** Described in the introduction of the description, for every operation. */
const ANY_OPERATION = new Set([400, 431, 500])

const DOCUMENT = 'https://tracker.example/openapi.json'

type Validate = (pointer: string[], value: unknown) => string | undefined

/** Headers of HTTP itself, of caches, and of what a browser may do with the response. They are not described. */
const ANY_RESPONSE =
  /^(content-|access-control-|cross-origin-|x-(frame|content-type|accel|xss|dns|download|permitted)-|(connection|keep-alive|date|transfer-encoding|cache-control|vary|allow|expires|last-modified|referrer-policy|strict-transport-security|origin-agent-cluster)$)/

function checkHeaders({ headers }: OpenApiResponse, { responseHeaders }: Exchange): string | undefined {
  const described = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const undescribed = [...responseHeaders].find((name) => !described.has(name) && !ANY_RESPONSE.test(name))
  if (undescribed !== undefined) return `the header ${undescribed} is not described`
  return responseHeaders.has('x-request-id') ? undefined : 'X-Request-Id is missing'
}

function checkResponse(
  validate: Validate,
  pointer: string[],
  { content }: OpenApiResponse,
  { method, responseType, responseBody }: Exchange,
): string | undefined {
  if (method === 'HEAD') return undefined
  if (content === undefined) return responseBody.length > 0 ? 'a body that is not described' : undefined
  const described = content[responseType] ?? content['*/*']
  if (described === undefined) return `the media type ${responseType} is not described`
  if (responseType === 'text/event-stream') return checkEvents(validate, responseBody.toString())
  if (described.schema === undefined || !responseType.endsWith('json')) return undefined
  const json = parseJson(responseBody)
  // ImageKit's own responses, which are passed on, may be anything.
  if (json === undefined) return isImagekitPath(pointer[1] ?? '') ? undefined : 'the body is not JSON'
  return validate([...pointer, 'content', responseType, 'schema'], json)
}

/** OpenAPI 3.1 can't describe events. Each is a status of an asset, or a submission. */
function checkEvents(validate: Validate, stream: string): string | undefined {
  for (const [, data = ''] of stream.matchAll(/^data: (.*)$/gm)) {
    const json = parseJson(Buffer.from(data))
    const schema =
      typeof json === 'object' && json !== null && 'submissionId' in json ? 'Submission' : 'AssetStatus'
    const fault = validate(['components', 'schemas', schema], json)
    if (fault !== undefined) return `an event: ${fault}`
  }
  return undefined
}

function checkRequest(
  validate: Validate,
  pointer: string[],
  { parameters, requestBody }: OpenApiOperation,
  url: URL,
  { requestType, requestBody: body }: Exchange,
): string | undefined {
  for (const name of new Set(url.searchParams.keys())) {
    if (name === 'token') continue
    const index = parameters.findIndex((parameter) => parameter.in === 'query' && parameter.name === name)
    const parameter = parameters[index]
    // Operations without query parameters may ignore unknown ones.
    if (parameter === undefined) continue
    const values = url.searchParams.getAll(name)
    const [first = ''] = values
    // An empty value counts as absent.
    if (first === '') continue
    const { type } = parameter.schema
    const value = type === 'array' ? values : type === 'integer' ? Number(first) : first
    const fault = validate([...pointer, 'parameters', String(index), 'schema'], value)
    if (fault !== undefined) return `the query parameter ${name}: ${fault}`
  }
  if (requestBody === undefined) return undefined
  if (body.length === 0) return requestBody.required ? 'a required body is missing' : undefined
  const [type = ''] = Object.keys(requestBody.content)
  if (type !== 'application/json') {
    return requestType === type ? undefined : `a request of the type ${requestType}, which is not described`
  }
  if (requestBody.content[type]?.schema === undefined) return undefined
  const fault = validate([...pointer, 'requestBody', 'content', type, 'schema'], parseJson(body))
  return fault === undefined ? undefined : `the request body: ${fault}`
}

/** Undefined for text that is not JSON. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

function note(pair: string): void {
  if (covered.has(pair)) return
  covered.add(pair)
  mkdirSync('coverage', { recursive: true })
  appendFileSync(COVERAGE_FILE, `${pair}\n`)
}

function parseTarget(target: string): URL | undefined {
  return target.startsWith('/') && URL.canParse(target, 'http://tracker')
    ? new URL(target, 'http://tracker')
    : undefined
}

/** The document with closed schemas: an object that lists its properties has no others, unless it says so. */
function closed(document: OpenApiDocument): object {
  const close = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(close)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([name, inner]) => [name, close(inner)])
    const isOpen =
      'properties' in value &&
      !('additionalProperties' in value) &&
      'type' in value &&
      // The type of an object that may be null is a list.
      [value.type].flat().includes('object')
    return Object.fromEntries(isOpen ? [...entries, ['additionalProperties', false]] : entries)
  }
  return { ...(close(document) as object), $id: DOCUMENT }
}
