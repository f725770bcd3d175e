import type { WireAnswer } from './read-answers.ts'

/** What the stand-in for ImageKit puts on each of its answers: with it, an answer is passed on as it was. */
export const PASSED_ON = 'x-ik-requestid'

const GOOD = [200, 201, 202, 204, 304]
const REFUSALS = [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 431]
/** The documented troubles: ImageKit's, and those of the store and of too much at once. */
const TROUBLES = [502, 503, 504]

/** Errors of every address under these prefixes have ImageKit's shape. */
const IMAGEKIT_PATH = /^(https?:\/\/[^/]*)?\/(api\/v[12]|v1)([/?#]|$)/

/** The pages for operators, whose errors are pages too. */
const PAGE_PATH = /^(https?:\/\/[^/]*)?\/admin([/?#]|$)/

/** They go out of an address before it is looked at. */
const DOTS = /\/(\.|%2e){1,2}\//i

/** It never came to a route. */
const UNREADABLE =
  /"detail":"(The address or the Host|The head of the request|The request should have|What was sent is not)/

/** What is wrong with an answer to `target`; undefined where nothing is. A HEAD has no body to be judged. */
export function faultOf(answer: WireAnswer, target: string, isHead = false): string | undefined {
  const { status, headers, body } = answer
  const requestId = headers.get('x-request-id')
  if (requestId === undefined || requestId === '') return 'no X-Request-Id'
  if (headers.has(PASSED_ON) || GOOD.includes(status)) return undefined
  // Who is not signed in is sent to where that is done, and after a form to what came of it.
  if (status === 303 && (headers.get('location') ?? '').startsWith('/admin')) return undefined
  if (![...REFUSALS, ...TROUBLES].includes(status)) return `status ${status}`
  if (isHead) return undefined
  // A path that is written crookedly may or may not have come to one of ImageKit's routes.
  const isImagekit = IMAGEKIT_PATH.test(target) && !DOTS.test(target)
  const type = headers.get('content-type') ?? ''
  if (type === 'application/problem+json')
    return isImagekit && !UNREADABLE.test(body)
      ? 'a problem on a route of ImageKit'
      : faultOfProblem(answer, requestId)
  const isCrooked = /%|\/\./.test(target)
  if (type.startsWith('text/html') && (PAGE_PATH.test(target) || isCrooked))
    return body.trimEnd().endsWith('</html>') ? undefined : `half a page: ${body.slice(0, 200)}`
  if (!isImagekit && !isCrooked) return `an error of type ${type}`
  const { message, help } = parseObject(body)
  return typeof message === 'string' && typeof help === 'string'
    ? undefined
    : `an odd error: ${body.slice(0, 200)}`
}

function faultOfProblem({ status, body }: WireAnswer, requestId: string): string | undefined {
  const problem = parseObject(body)
  const isWhole =
    ['type', 'code', 'title', 'detail'].every((name) => typeof problem[name] === 'string') &&
    problem['status'] === status &&
    problem['requestId'] === requestId
  return isWhole ? undefined : `an odd problem: ${body.slice(0, 200)}`
}

function parseObject(text: string): { [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
