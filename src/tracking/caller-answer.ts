import type { StoredResponse } from '../domain/idempotency.ts'
import type { UploadResponse } from '../domain/upload-response.ts'
import type { Exchange } from './imagekit-exchange.ts'
import { type Links, linkValue } from './links.ts'

type AnswerDeps = {
  /** An error in the shape that the caller's SDK reads. */
  errorBody: (message: string) => object
}

/** What a caller of an ImageKit-compatible route is answered once ImageKit may have had the whole request. */
export function callerAnswer(deps: AnswerDeps, submissionId: string, exchange: Exchange): StoredResponse {
  if (exchange.kind === 'broken') {
    const message = exchange.timedOut
      ? 'ImageKit did not answer in time. The request may have reached it: do not send it again before you have looked.'
      : 'The connection to ImageKit broke. The request may have reached it: do not send it again before you have looked.'
    return unconfirmedAnswer(deps, submissionId, exchange.timedOut ? 504 : 502, message)
  }
  const { status, answer, body } = exchange
  const headers: StoredResponse['headers'] = { ...exchange.headers, 'x-submission-id': submissionId }
  if (answer.kind === 'unconfirmed') headers['x-should-retry'] = 'false'
  const fileId = answer.kind === 'accepted' ? answer.fileId : null
  return { status, headers, body, ...(fileId !== null && { fileId }) }
}

/** As it is given to the caller: with the links that open the status of its asset. */
export function linkedAnswer({ links }: { links: Links }, answer: StoredResponse): StoredResponse {
  const { fileId, headers } = answer
  if (fileId === undefined) return answer
  return { ...answer, headers: { ...headers, link: linkValue(links.asset(fileId)) } }
}

/** For a submission of which only ImageKit knows what became. The SDKs obey `x-should-retry`; they would upload twice. */
export function unconfirmedAnswer(
  deps: Pick<AnswerDeps, 'errorBody'>,
  submissionId: string,
  status: 502 | 504,
  message: string,
): StoredResponse {
  const headers = {
    'content-type': 'application/json',
    'x-submission-id': submissionId,
    'x-should-retry': 'false',
  }
  return { status, headers, body: JSON.stringify(deps.errorBody(message)) }
}

/** What became of a submission once ImageKit may have had all of it. */
export function submissionAnswer(exchange: Exchange): UploadResponse {
  return exchange.kind === 'answered' ? exchange.answer : brokenAnswer(exchange.timedOut)
}

function brokenAnswer(timedOut: boolean): UploadResponse {
  const error = timedOut
    ? { code: 'imagekit_timeout', message: 'ImageKit did not answer in time.', status: null }
    : {
        code: 'imagekit_unreachable',
        message: 'The connection to ImageKit broke before its answer.',
        status: null,
      }
  return { kind: 'unconfirmed', requestId: null, error }
}
