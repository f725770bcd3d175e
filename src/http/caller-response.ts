import type { StoredResponse } from '../domain/idempotency.ts'
import { errorBody } from '../imagekit/read-response.ts'
import type { Links } from '../tracking/links.ts'
import type { CallerOutcome } from '../tracking/uploads/exchange-outcome.ts'
import { linkValue } from './status-responses.ts'

const UNCONFIRMED = {
  timed_out: {
    status: 504,
    message:
      'ImageKit did not respond in time. It may have received the request: check before you send it again.',
  },
  connection_broken: {
    status: 502,
    message:
      'The connection to ImageKit broke. It may have received the request: check before you send it again.',
  },
  service_stopped: {
    status: 502,
    message: 'The service stopped during this request; ImageKit may have received it.',
  },
} as const

/**
 * Builds the response to the caller of an ImageKit-compatible route once ImageKit may have received the whole request. ImageKit's
 * SDKs obey `x-should-retry: false`; without it they would send an unconfirmed upload again.
 */
export function buildCallerResponse(outcome: CallerOutcome): StoredResponse {
  const { submissionId } = outcome
  if (outcome.kind === 'unconfirmed') {
    const { status, message } = UNCONFIRMED[outcome.reason]
    const headers = {
      'content-type': 'application/json',
      'x-submission-id': submissionId,
      'x-should-retry': 'false',
    }
    return { status, headers, body: JSON.stringify(errorBody(message)) }
  }
  const { status, response, body } = outcome
  const headers: StoredResponse['headers'] = { ...outcome.headers, 'x-submission-id': submissionId }
  if (response.kind === 'unconfirmed') headers['x-should-retry'] = 'false'
  const fileId = response.kind === 'accepted' ? response.fileId : null
  return { status, headers, body, ...(fileId !== null && { fileId }) }
}

/** Adds the links to the asset's status. They are not part of the stored response, because they contain a token. */
export function linkedResponse(links: Pick<Links, 'asset'>, response: StoredResponse): StoredResponse {
  const { fileId, headers } = response
  if (fileId === undefined) return response
  return { ...response, headers: { ...headers, link: linkValue(links.asset(fileId)) } }
}
