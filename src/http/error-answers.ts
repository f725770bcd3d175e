import { randomUUID } from 'node:crypto'
import { type FieldError, TrackerError } from '../domain/errors.ts'
import { errorBody } from '../imagekit/error-body.ts'
import type { AppContext } from './app-env.ts'
import { headersObject, type PlainAnswer, type RawHeaders, respond } from './plain-answer.ts'
import { PROBLEMS, type Problem, type ProblemCode } from './problems.ts'

/** An error as it is told to a caller, before it has a shape. */
type ToldError = { code: ProblemCode; problem: Problem; detail: string; fields: readonly FieldError[] }

export type ErrorAnswers = {
  /** What there is to tell of it; what is no `TrackerError` is logged. */
  tell: (error: unknown, requestId: string) => ToldError
  /** RFC 9457 `application/problem+json`. */
  problem: (error: unknown, requestId: string) => PlainAnswer
  /** The same, handed to Hono. */
  asProblem: (error: unknown, c: AppContext) => Response
  /** ImageKit's `{ message, help }`, for the routes that its SDKs speak to. */
  asImagekit: (error: unknown, c: AppContext) => Response
  /** For a request that can't be understood, so that it never reached a route. */
  unreadable: (code: ProblemCode, detail: string, path?: string) => PlainAnswer & { body: string }
  /** For what went wrong where there is nothing left to answer with; it is logged. */
  unanswered: (error: unknown) => PlainAnswer
}

/** ImageKit's own prefixes: its SDKs send requests there and read errors in ImageKit's shape alone. */
export function isImagekitPath(path: string): boolean {
  return /^\/(api\/v[12]|v1)(\/|$)/.test(path)
}

/** `log` gets what is no `TrackerError`, with its cause; the caller gets a fixed sentence. */
export function createErrorAnswers(
  publicUrl: () => string,
  log: (error: unknown, requestId: string) => void,
): ErrorAnswers {
  let storeToldAt = Number.NEGATIVE_INFINITY
  /** Everybody may ask what needs the store: while it is down, that must not fill the log. */
  const isToldAlready = (error: TrackerError): boolean => {
    if (error.code !== 'store_unavailable') return false
    const now = performance.now()
    if (now - storeToldAt < STORE_TOLD_EVERY_MS) return true
    storeToldAt = now
    return false
  }
  const tell = (error: unknown, requestId: string): ToldError => {
    if (error instanceof TrackerError) {
      if (error.cause !== undefined && !isToldAlready(error)) log(error, requestId)
      const { code, retryAfterSeconds: retryAfter } = error
      const problem = { ...PROBLEMS[code], ...(retryAfter !== undefined && { retryAfter }) }
      return { code, problem, detail: error.message, fields: error.fields }
    }
    log(error, requestId)
    return { code: 'internal', problem: PROBLEMS.internal, detail: LOGGED, fields: [] }
  }

  const problemText = ({ code, problem, detail, fields }: ToldError, requestId: string): string => {
    const { title, status } = problem
    const type = `${publicUrl()}/problems/${code}`
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

  const problem = (error: unknown, requestId: string): PlainAnswer => {
    const told = tell(error, requestId)
    const headers = ['Content-Type', PROBLEM_TYPE, ...errorHeaders(told.problem)]
    return { status: told.problem.status, headers, body: problemText(told, requestId) }
  }

  const unaided = (code: ProblemCode, detail: string, requestId: string) => {
    const { status } = PROBLEMS[code]
    const body = problemText({ code, problem: PROBLEMS[code], detail, fields: [] }, requestId)
    const headers = ['Content-Type', PROBLEM_TYPE, ...errorHeaders(PROBLEMS[code]), 'X-Request-Id', requestId]
    return { status, headers, body }
  }

  return {
    tell,
    problem,
    asProblem: (error, c) => respond(c, problem(error, c.get('requestId'))),

    asImagekit(error, c) {
      const { problem, detail, fields } = tell(error, c.get('requestId'))
      const message = [detail, ...fields.map((field) => `${field.field}: ${field.message}`)].join(' ')
      return c.json(errorBody(message), problem.status, headersObject(errorHeaders(problem)))
    },

    unreadable(code, detail, path = '') {
      const requestId = randomUUID()
      if (!isImagekitPath(path)) return unaided(code, detail, requestId)
      const headers = ['Content-Type', 'application/json', 'X-Request-Id', requestId]
      return { status: PROBLEMS[code].status, headers, body: JSON.stringify(errorBody(detail)) }
    },

    unanswered(error) {
      const requestId = randomUUID()
      log(error, requestId)
      return unaided('internal', LOGGED, requestId)
    },
  }
}

const LOGGED = 'The error was logged under this request id.'

const STORE_TOLD_EVERY_MS = 1000

const PROBLEM_TYPE = 'application/problem+json'

function errorHeaders({ retryAfter, status }: Problem): RawHeaders {
  return [
    ...(retryAfter === undefined ? [] : ['Retry-After', String(retryAfter)]),
    ...(status === 401 ? ['WWW-Authenticate', 'Bearer realm="extension-tracker"'] : []),
  ]
}
