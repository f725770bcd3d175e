import type { KeyObject } from 'node:crypto'
import { Agent, type Dispatcher, request } from 'undici'
import type { Notification } from '../domain/notification.ts'
import { isPublicAddress } from '../domain/public-address.ts'
import { type ConnectionFailure, describeFailure } from './describe-failure.ts'
import { parseRetryAfterMs } from './retry-after.ts'
import { signNotification } from './standard-webhooks.ts'
import {
  AddressNotAllowed,
  createTargetConnector,
  type LookupAll,
  parseTarget,
  type Refusal,
} from './target-guard.ts'

/** What became of one attempt. `gone` and `refused` are final; reasons hold nothing of the target or the secrets. */
type SendResult =
  | { kind: 'delivered'; status: number }
  | { kind: 'gone' }
  | { kind: 'retry'; retryAfterMs: number | null; reason: `status_${number}` | ConnectionFailure }
  | { kind: 'refused'; reason: Refusal }

export type NotificationSender = {
  /** One attempt; never rejects for what the target does. */
  send(notification: Pick<Notification, 'notificationId' | 'target' | 'body'>): Promise<SendResult>
  /** Ends at once: attempts under way are `retry`, `sender_closed`, although the target may have them. */
  close(): Promise<void>
}

const LONGEST_CONNECT_MS = 5_000
/** So much of an answer is read to keep the connection; more of it closes the connection. */
const MAX_ANSWER_BYTES = 64 * 1024

export function createNotificationSender({
  secrets,
  allowPrivateTargets,
  timeoutMs = 15_000,
  clock,
  lookup,
}: {
  /** None: notifications are not signed. */
  secrets: readonly KeyObject[]
  allowPrivateTargets: boolean
  /** For the whole attempt, from the name's resolution to the end of the answer. */
  timeoutMs?: number
  clock: () => number
  lookup?: LookupAll
}): NotificationSender {
  const connect = createTargetConnector({
    timeoutMs: Math.min(timeoutMs, LONGEST_CONNECT_MS),
    isAllowed: allowPrivateTargets ? () => true : isPublicAddress,
    lookup,
  })
  const dispatcher = new Agent({ connect })

  const post = async (url: URL, headers: { [name: string]: string }, body: string): Promise<SendResult> => {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), timeoutMs)
    try {
      const answer = await request(url, {
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
      await drop(answer.body)
      return judge(answer, clock())
    } catch (error) {
      if (error instanceof AddressNotAllowed) return { kind: 'refused', reason: 'address_not_allowed' }
      const reason = deadline.signal.aborted ? 'timeout' : describeFailure(error)
      return { kind: 'retry', retryAfterMs: null, reason }
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async send({ notificationId, target, body }) {
      const url = parseTarget(target)
      if (!(url instanceof URL)) return { kind: 'refused', reason: url }
      const timestampSeconds = Math.floor(clock() / 1000)
      return post(url, signNotification({ id: notificationId, timestampSeconds, body, secrets }), body)
    },

    close: () => dispatcher.destroy(),
  }
}

/** The status has decided already; how the rest of the answer fares changes nothing. */
async function drop(body: Dispatcher.ResponseData['body']): Promise<void> {
  await body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => {})
}

function judge(
  { statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>,
  now: number,
): SendResult {
  if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered', status: statusCode }
  if (statusCode === 410) return { kind: 'gone' }
  const asksToWait = statusCode === 429 || statusCode === 503
  const [retryAfter] = [headers['retry-after']].flat()
  const retryAfterMs = asksToWait ? parseRetryAfterMs(retryAfter, now) : null
  return { kind: 'retry', retryAfterMs, reason: `status_${statusCode}` }
}
