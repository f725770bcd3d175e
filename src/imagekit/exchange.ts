import { type Dispatcher, errors, request } from 'undici'
import type { OutgoingBody } from './outgoing-body.ts'
import { readResetMs } from './rate-limit.ts'
import { readResponse } from './read-response.ts'

/** The headers of ImageKit's response that are passed on to the caller, together with its status and body. */
export const RESPONSE_HEADERS = [
  'content-type',
  'retry-after',
  'x-ik-requestid',
  'x-ratelimit-limit',
  'x-ratelimit-reset',
  'x-ratelimit-interval',
]

/** Sends one request to ImageKit and reads the response. Never retries. Throws only errors of the body's source. */
export async function exchange(
  url: string,
  options: {
    method: 'POST' | 'PATCH'
    headers: { [name: string]: string }
    dispatcher: Dispatcher
    signal?: AbortSignal
  },
  body: OutgoingBody,
  onStatus: (status: number) => void,
) {
  try {
    const response = await request(url, { ...options, body: body.stream })
    const wasComplete = body.isComplete
    const { statusCode: status } = response
    onStatus(status)
    const text = await response.body.text()
    const headers = pickHeaders(response.headers, RESPONSE_HEADERS)
    const uploadResponse = readResponse(status, text, headers['x-ik-requestid'] ?? null)
    const retryAfterMs = status === 429 ? readResetMs(response.headers) : null
    return {
      kind: 'responded' as const,
      wasComplete,
      status,
      headers,
      body: text,
      response: uploadResponse,
      isFileGone: status === 404,
      retryAfterMs,
    }
  } catch (cause) {
    // Read before the source is stopped: a source that is being stopped may still reach its end and count as complete.
    const wasComplete = body.isComplete
    if (body.failure !== undefined) throw body.failure.error
    return { kind: 'broken' as const, wasComplete, timedOut: isTimeout(cause), cause }
  } finally {
    await body.stop()
  }
}

/** The headers with these names, which are in lower case. */
export function pickHeaders(
  headers: { [name: string]: string | string[] | undefined },
  names: readonly string[],
): { [name: string]: string } {
  const picked: { [name: string]: string } = {}
  for (const name of names) {
    const value = headers[name]
    if (value !== undefined) picked[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return picked
}

export function isTimeout(error: unknown): boolean {
  return (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  )
}
