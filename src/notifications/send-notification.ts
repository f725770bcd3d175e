import type { KeyObject } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { Agent, type Dispatcher, errors, request } from 'undici'
import { isPublicAddress } from '../domain/host-address.ts'
import type { Notification, SendResult } from '../domain/notification.ts'
import { AddressNotAllowed, createTargetConnector, type LookupAll, parseTarget } from './target-guard.ts'

export type NotificationSender = {
  /** Makes one attempt. A failure is a result, not an error. */
  send(
    notification: Pick<Notification, 'notificationId' | 'target' | 'body'> &
      Partial<Pick<Notification, 'traceparent'>>,
  ): Promise<SendResult>
  /** Ends at once: attempts that have no response yet return `closed`. */
  close(): Promise<void>
}

const MAX_CONNECT_MS = 5_000
/** A response body is read up to this size to keep the connection; a longer one closes the connection. */
const MAX_RESPONSE_BYTES = 64 * 1024

export function createNotificationSender({
  secrets,
  allowPrivateTargets,
  timeoutMs = 15_000,
  clock,
  lookup,
  trace,
}: {
  /** If empty, notifications are not signed. */
  secrets: readonly KeyObject[]
  allowPrivateTargets: boolean
  /** For the whole attempt, from the name resolution to the end of the response. */
  timeoutMs?: number
  clock: () => number
  lookup?: LookupAll
  /** Adds a span to each request. */
  trace?: Dispatcher.DispatcherComposeInterceptor | undefined
}): NotificationSender {
  const connect = createTargetConnector({
    timeoutMs: Math.min(timeoutMs, MAX_CONNECT_MS),
    isAllowed: allowPrivateTargets ? () => true : isPublicAddress,
    lookup,
  })
  const agent = new Agent({ connect })
  const dispatcher = trace ? agent.compose(trace) : agent

  const post = async (url: URL, headers: { [name: string]: string }, body: string): Promise<SendResult> => {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), timeoutMs)
    try {
      const response = await request(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'user-agent': 'imagekit-extension-tracker',
        },
        body,
        dispatcher,
        signal: deadline.signal,
      })
      await discard(response.body)
      return resultOf(response, clock())
    } catch (error) {
      if (error instanceof AddressNotAllowed) return { kind: 'rejected', reason: 'address_not_allowed' }
      if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError)
        return { kind: 'closed' }
      const reason = deadline.signal.aborted ? 'timeout' : describeFailure(error)
      return { kind: 'retry', status: null, retryAfterMs: null, reason }
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async send({ notificationId, target, body }) {
      const url = parseTarget(target)
      if (!(url instanceof URL)) return { kind: 'rejected', reason: url }
      const timestampSeconds = Math.floor(clock() / 1000)
      return post(url, signNotification({ id: notificationId, timestampSeconds, body, secrets }), body)
    },

    close: () => agent.destroy(),
  }
}

/**
 * The headers of one attempt, as specified by Standard Webhooks (https://www.standardwebhooks.com). Each secret adds one
 * signature, so that receivers with any of them can verify during a rotation. Without secrets, there is no signature.
 */
export function signNotification({
  id,
  timestampSeconds,
  body,
  secrets,
}: {
  id: string
  timestampSeconds: number
  body: string
  secrets: readonly KeyObject[]
}): { [name: string]: string } {
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestampSeconds) }
  if (secrets.length === 0) return headers
  const at = new Date(timestampSeconds * 1000)
  const signatures = secrets.map((secret) =>
    new Webhook(secret.export(), { format: 'raw' }).sign(id, at, body),
  )
  return { ...headers, 'webhook-signature': signatures.join(' ') }
}

/** Reads the body, so that the connection can be reused. An error changes nothing: the status code alone decides the result. */
async function discard(body: Dispatcher.ResponseData['body']): Promise<void> {
  await body.dump({ limit: MAX_RESPONSE_BYTES }).catch(() => {})
}

function resultOf(
  { statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>,
  now: number,
): SendResult {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered', status: statusCode }
  const reason = `status_${statusCode}`
  if (statusCode === 410) return { kind: 'gone', status: statusCode, reason }
  const allowsRetryAfter = statusCode === 429 || statusCode === 503
  const [retryAfter] = [headers['retry-after']].flat()
  const retryAfterMs = allowsRetryAfter ? parseRetryAfterMs(retryAfter, now) : null
  return { kind: 'retry', status: statusCode, retryAfterMs, reason }
}

/** Why there was no response. Operators and the log get only these codes: the error's own message may contain an address. */
type ConnectionFailure =
  | 'timeout'
  | 'name_not_resolved'
  | 'connection_refused'
  | 'tls_failed'
  | 'connection_failed'

function describeFailure(error: unknown): ConnectionFailure {
  if (error instanceof errors.ConnectTimeoutError) return 'timeout'
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ETIMEDOUT') return 'timeout'
  if (code === 'ECONNREFUSED') return 'connection_refused'
  if (/^(ENOTFOUND|ENODATA|EAI_)/.test(code)) return 'name_not_resolved'
  return /CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code) ? 'tls_failed' : 'connection_failed'
}

const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000

/** A date of RFC 9110, except in its obsolete asctime form. `Date.parse` alone would also accept `1.5` or `-1`. */
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .+ GMT$/

/** The delay that a `Retry-After` header requests, at most 24 h; null if it is missing or invalid. */
export function parseRetryAfterMs(value: string | undefined, now: number): number | null {
  const text = value?.trim() ?? ''
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, MAX_RETRY_AFTER_MS)
  const at = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), MAX_RETRY_AFTER_MS)
}
