import { randomUUID } from 'node:crypto'
import { PROBLEMS, type Problem, type ProblemCode } from '../contract/problems.ts'
import { type FieldError, TrackerError } from '../domain/errors.ts'
import { errorBody } from '../imagekit/read-response.ts'
import type { AppContext } from './request.ts'
import { headersObject, type PlainResponse, type RawHeaders, respond } from './response.ts'

/** An error as a caller may see it, not serialised yet. */
type ErrorDescription = { code: ProblemCode; problem: Problem; detail: string; fields: readonly FieldError[] }

export type ErrorResponses = {
  /** Describes an error for the caller. Logs it, unless it is an expected one: see `createErrorResponses`. */
  describe: (error: unknown, requestId: string) => ErrorDescription
  /** RFC 9457 `application/problem+json`. */
  problem: (error: unknown, requestId: string) => PlainResponse
  /** The same as a Hono response. */
  asProblem: (error: unknown, c: AppContext) => Response
  /** ImageKit's `{ message, help }`, for the routes that its SDKs call. */
  asImagekit: (error: unknown, c: AppContext) => Response
  /**
   * For a request that reaches no route, such as invalid HTTP, and for a connection beyond the limit. In ImageKit's shape if `path` is
   * one of ImageKit's.
   */
  malformed: (code: ProblemCode, detail: string, path?: string) => PlainResponse & { body: string }
  /** For an error that no handler caught; it is logged. */
  unhandled: (error: unknown) => PlainResponse
}

/** Whether a path has one of ImageKit's own prefixes: its SDKs call these paths, and can only read errors in ImageKit's shape. */
export function isImagekitPath(path: string): boolean {
  return /^\/(api\/v[12]|v1)(\/|$)/.test(path)
}

/**
 * `log` receives every error that isn't a `TrackerError`, because the response has only a fixed sentence about it. It also receives
 * each `TrackerError` that has a cause, but at most one `store_unavailable` per second.
 */
export function createErrorResponses(
  publicUrl: () => string,
  log: (error: unknown, requestId: string) => void,
): ErrorResponses {
  let storeErrorLoggedAt = Number.NEGATIVE_INFINITY
  /** Anybody can send requests that need the store. While it is down, they must not fill the log. */
  const wasJustLogged = (error: TrackerError): boolean => {
    if (error.code !== 'store_unavailable') return false
    const now = performance.now()
    if (now - storeErrorLoggedAt < STORE_ERROR_LOG_INTERVAL_MS) return true
    storeErrorLoggedAt = now
    return false
  }
  const describe = (error: unknown, requestId: string): ErrorDescription => {
    if (error instanceof TrackerError) {
      if (error.cause !== undefined && !wasJustLogged(error)) log(error, requestId)
      const { code, retryAfterSeconds: retryAfter } = error
      const problem = { ...PROBLEMS[code], ...(retryAfter !== undefined && { retryAfter }) }
      return { code, problem, detail: error.message, fields: error.fields }
    }
    log(error, requestId)
    return { code: 'internal', problem: PROBLEMS.internal, detail: LOGGED, fields: [] }
  }

  const problemUrl = (code: ProblemCode) => `${publicUrl()}/problems/${code}`

  const problemText = ({ code, problem, detail, fields }: ErrorDescription, requestId: string): string => {
    const { title, status } = problem
    const type = problemUrl(code)
    return JSON.stringify({
      type,
      code,
      title,
      status,
      detail,
      requestId,
      ...(fields.length > 0 && { errors: fields }),
    })
  }

  const problem = (error: unknown, requestId: string): PlainResponse => {
    const description = describe(error, requestId)
    const headers = ['Content-Type', PROBLEM_MEDIA_TYPE, ...errorHeaders(description.problem)]
    return { status: description.problem.status, headers, body: problemText(description, requestId) }
  }

  const standaloneProblem = (code: ProblemCode, detail: string, requestId: string) => {
    const { status } = PROBLEMS[code]
    const body = problemText({ code, problem: PROBLEMS[code], detail, fields: [] }, requestId)
    const headers = [
      'Content-Type',
      PROBLEM_MEDIA_TYPE,
      ...errorHeaders(PROBLEMS[code]),
      'X-Request-Id',
      requestId,
    ]
    return { status, headers, body }
  }

  return {
    describe,
    problem,
    asProblem: (error, c) => respond(c, problem(error, c.get('requestId'))),

    asImagekit(error, c) {
      const { code, problem, detail, fields } = describe(error, c.get('requestId'))
      const message = [detail, ...fields.map((field) => `${field.field}: ${field.message}`)].join(' ')
      return c.json(
        errorBody(message, problemUrl(code)),
        problem.status,
        headersObject(errorHeaders(problem)),
      )
    },

    malformed(code, detail, path = '') {
      const requestId = randomUUID()
      if (!isImagekitPath(path)) return standaloneProblem(code, detail, requestId)
      const headers = ['Content-Type', 'application/json', 'X-Request-Id', requestId]
      return {
        status: PROBLEMS[code].status,
        headers,
        body: JSON.stringify(errorBody(detail, problemUrl(code))),
      }
    },

    unhandled(error) {
      const requestId = randomUUID()
      log(error, requestId)
      return standaloneProblem('internal', LOGGED, requestId)
    },
  }
}

const LOGGED = 'The error was logged under this request id.'

const STORE_ERROR_LOG_INTERVAL_MS = 1000

const PROBLEM_MEDIA_TYPE = 'application/problem+json'

function errorHeaders({ retryAfter, status }: Problem): RawHeaders {
  return [
    ...(retryAfter === undefined ? [] : ['Retry-After', String(retryAfter)]),
    ...(status === 401 ? ['WWW-Authenticate', 'Bearer realm="extension-tracker"'] : []),
  ]
}
