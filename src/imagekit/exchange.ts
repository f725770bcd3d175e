import { type Dispatcher, errors, request } from 'undici'
import type { OutgoingBody } from './outgoing-body.ts'
import { readHoldMs } from './rate-limit.ts'
import { readAnswer } from './read-response.ts'

/** What is passed on of ImageKit's answer beside its status and body. */
const PASSED_HEADERS = [
  'content-type',
  'retry-after',
  'x-ik-requestid',
  'x-ratelimit-limit',
  'x-ratelimit-reset',
  'x-ratelimit-interval',
]

/** One request to ImageKit and what came of it. Nothing is ever sent twice. Throws only what the body's source threw. */
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
    const headers = passedHeaders(response.headers)
    const answer = readAnswer(status, text, headers['x-ik-requestid'] ?? null)
    const holdMs = status === 429 ? readHoldMs(response.headers) : null
    return { kind: 'answered' as const, wasComplete, status, headers, body: text, answer, holdMs }
  } catch (cause) {
    // Before the source is stopped, which may let it come to its end unheard.
    const wasComplete = body.isComplete
    if (body.failure !== undefined) throw body.failure.error
    return { kind: 'broken' as const, wasComplete, timedOut: isTimeout(cause), cause }
  } finally {
    await body.stop()
  }
}

function passedHeaders(headers: { [name: string]: string | string[] | undefined }): {
  [name: string]: string
} {
  const passed: { [name: string]: string } = {}
  for (const name of PASSED_HEADERS) {
    const value = headers[name]
    if (value !== undefined) passed[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return passed
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  )
}
