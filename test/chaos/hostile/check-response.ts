import type { WireResponse } from './read-responses.ts'

/** A header that the fake ImageKit sets: a response of the service that has it is ImageKit's, passed on. */
export const PASSED_ON = 'x-ik-requestid'

const GOOD = [200, 201, 202, 204, 304]
const REJECTIONS = [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 431]
/** The documented statuses if ImageKit fails, the store is unavailable, or the service is overloaded. */
const UNAVAILABLE = [502, 503, 504]

/** Errors of every address under these prefixes have ImageKit's shape. */
const IMAGEKIT_PATH = /^(https?:\/\/[^/]*)?\/(api\/v[12]|v1)([/?#]|$)/

/** The admin pages, whose errors are pages too. */
const PAGE_PATH = /^(https?:\/\/[^/]*)?\/admin([/?#]|$)/

/** Dot segments are removed from a path before routing. */
const DOTS = /\/(\.|%2e){1,2}\//i

/** The problems of requests that never reached a route. */
const UNREADABLE =
  /"detail":"(The URL or the Host|The request head|The request must have|The request is not valid HTTP)/

/**
 * What is wrong with a response to `target`; undefined if it is valid. Of a response of ImageKit's, only `X-Request-Id` is checked; of our
 * own responses, the status, too; of our own errors, except responses to HEAD, also the media type and the body.
 */
export function faultOf(response: WireResponse, target: string, isHead = false): string | undefined {
  const { status, headers, body } = response
  const requestId = headers.get('x-request-id')
  if (requestId === undefined || requestId === '') return 'no X-Request-Id'
  if (headers.has(PASSED_ON) || GOOD.includes(status)) return undefined
  // A visitor who is not signed in is redirected to the sign-in page; a submitted form redirects to its result.
  // A page with a slash at the end of its path redirects to the one without.
  if ([301, 303].includes(status) && (headers.get('location') ?? '').startsWith('/admin')) return undefined
  if (![...REJECTIONS, ...UNAVAILABLE].includes(status)) return `status ${status}`
  if (isHead) return undefined
  // A path with dot segments may lead to another route than it seems.
  const isImagekit = IMAGEKIT_PATH.test(target) && !DOTS.test(target)
  const type = headers.get('content-type') ?? ''
  if (type === 'application/problem+json')
    return isImagekit && !UNREADABLE.test(body)
      ? 'a problem on a route of ImageKit'
      : faultOfProblem(response, requestId)
  // After decoding, and the removal of dot segments, the path may be one of ImageKit's or of a page.
  const isUnnormalized = /%|\/\./.test(target)
  if (type.startsWith('text/html') && (PAGE_PATH.test(target) || isUnnormalized))
    return body.trimEnd().endsWith('</html>') ? undefined : `half a page: ${body.slice(0, 200)}`
  if (!isImagekit && !isUnnormalized) return `an error of type ${type}`
  const { message, help } = parseObject(body)
  return typeof message === 'string' && typeof help === 'string'
    ? undefined
    : `not an error of ImageKit's format: ${body.slice(0, 200)}`
}

function faultOfProblem({ status, body }: WireResponse, requestId: string): string | undefined {
  const problem = parseObject(body)
  const isValid =
    ['type', 'code', 'title', 'detail'].every((name) => typeof problem[name] === 'string') &&
    problem['status'] === status &&
    problem['requestId'] === requestId
  return isValid ? undefined : `an invalid problem: ${body.slice(0, 200)}`
}

function parseObject(text: string): { [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
