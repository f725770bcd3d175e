import type { StoredResponse } from '../../domain/idempotency.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import { type Links, linkValue } from '../links.ts'
import type { Exchange } from './imagekit-exchange.ts'

type ResponseDeps = {
  /** Builds an error in the format that the caller's SDK reads. */
  errorBody: (message: string) => object
}

/** The response to the caller of an ImageKit-compatible route once ImageKit may have received the whole request. */
export function callerResponse(deps: ResponseDeps, submissionId: string, exchange: Exchange): StoredResponse {
  if (exchange.kind === 'broken') {
    const message = exchange.timedOut
      ? 'ImageKit did not respond in time. It may have received the request: check before you send it again.'
      : 'The connection to ImageKit broke. It may have received the request: check before you send it again.'
    return unconfirmedResponse(deps, submissionId, exchange.timedOut ? 504 : 502, message)
  }
  const { status, response, body } = exchange
  const headers: StoredResponse['headers'] = { ...exchange.headers, 'x-submission-id': submissionId }
  if (response.kind === 'unconfirmed') headers['x-should-retry'] = 'false'
  const fileId = response.kind === 'accepted' ? response.fileId : null
  return { status, headers, body, ...(fileId !== null && { fileId }) }
}

/** Adds the links to the asset's status, which are not stored. */
export function linkedResponse({ links }: { links: Links }, response: StoredResponse): StoredResponse {
  const { fileId, headers } = response
  if (fileId === undefined) return response
  return { ...response, headers: { ...headers, link: linkValue(links.asset(fileId)) } }
}

/** The response for an unconfirmed submission. The SDKs obey `x-should-retry`; without it they would upload twice. */
export function unconfirmedResponse(
  deps: Pick<ResponseDeps, 'errorBody'>,
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

/** The result of a submission once ImageKit may have received the whole request. */
export function submissionResponse(exchange: Exchange): UploadResponse {
  return exchange.kind === 'responded' ? exchange.response : brokenResponse(exchange.timedOut)
}

function brokenResponse(timedOut: boolean): UploadResponse {
  const error = timedOut
    ? { code: 'imagekit_timeout', message: 'ImageKit did not respond in time.', status: null }
    : {
        code: 'imagekit_unreachable',
        message: 'The connection to ImageKit broke before it responded.',
        status: null,
      }
  return { kind: 'unconfirmed', requestId: null, error }
}
