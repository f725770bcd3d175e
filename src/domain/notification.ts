import { isSettledNow, type Run } from './run.ts'
import type { Submission } from './submission.ts'

/** The notification about one settled run, without its body. Times are milliseconds since the epoch. */
export type DueNotification = {
  /** The same on every attempt, so that the receiver can recognise a repetition. */
  notificationId: string
  /** The caller's own `webhookUrl`. */
  target: string
  /** The target's host, by which notifications are queued. */
  host: string
  /** The number of the attempt that is due or in progress; the first is 1. */
  attempt: number
  createdAt: number
  /** That of the submission. */
  traceparent: string | null
  /**
   * When the attempt became due, or when the claim of an attempt without a recorded result ended. In the future if it was set while
   * the clock was ahead.
   */
  dueAt: number
}

export type Notification = Omit<DueNotification, 'dueAt'> & {
  /** The JSON text, sent and signed exactly as it is. */
  body: string
}

/** The host after which a page of due notifications begins. Null for the first page, and as the next place after the last page. */
export type HostPlace = string | null

/** Why a target may not be called. */
export type TargetRejection =
  | 'not_a_url'
  | 'scheme_not_allowed'
  | 'credentials_in_url'
  | 'address_not_allowed'

/** The result of sending a message once. Reasons contain neither the target nor secrets. */
export type SendResult =
  | { kind: 'delivered'; status: number }
  /** The target responded with 410. */
  | { kind: 'gone'; status: number; reason: string }
  /** Nothing was sent, because the target may not be called. */
  | { kind: 'rejected'; reason: TargetRejection }
  /** Any other failure. `status` is null without a response. */
  | { kind: 'retry'; status: number | null; retryAfterMs: number | null; reason: string }
  /** This process is stopping, and aborted the attempt. The target may have received the message. */
  | { kind: 'closed' }

/** The result of an attempt. After `again`, the next attempt is due at `at`; the others are final. Reasons contain no secrets. */
export type NotificationResult =
  | { kind: 'delivered' }
  | { kind: 'gone' | 'rejected' | 'given_up'; reason: string }
  | { kind: 'again'; at: number; reason: string }

/** One attempt to notify a caller. */
export type NotificationAttempt = {
  at: number
  result: NotificationResult['kind']
  /** The HTTP status of the receiver's response; null if there was none. */
  status: number | null
  reason: string | null
}

/** The number of attempts that are stored for each notification: the latest ones. */
export const STORED_ATTEMPTS = 20

/** `given_up`: the latest attempt did not succeed, and no more follow. Its result is `gone`, `rejected` or `given_up`. */
export type NotificationState = 'waiting' | 'delivered' | 'given_up'

/** Selects notifications; null means any. */
export type NotificationFilter = { state: NotificationState | null; fileId: string | null }

/** A notification as an operator sees it. */
export type ListedNotification = {
  notificationId: string
  runId: string
  fileId: string | null
  /** The target's host. The rest of the URL may contain secrets. */
  host: string
  state: NotificationState
  createdAt: number
  /** When the next attempt is due, or until when the attempt in progress claims the notification; null if no attempt follows. */
  dueAt: number | null
  /** The latest attempts, the oldest first. */
  attempts: NotificationAttempt[]
}

/**
 * A caller with a `webhookUrl` of its own is notified of each run that a webhook or evidence settles. It is not notified of a run
 * that ImageKit's response settles, nor of an expired run.
 */
export function isNotificationDue(
  submission: Pick<Submission, 'callerWebhookUrl'>,
  before: Run | undefined,
  after: Run,
): boolean {
  const isReported = after.source === 'webhook' || after.source === 'reconcile'
  return submission.callerWebhookUrl !== null && isReported && isSettledNow(before, after)
}

export function notificationIdOf(runId: string): string {
  return `msg_${runId}`
}

/** The run that a notification is about. */
export function runIdOf(notificationId: string): string {
  return notificationId.replace(/^msg_/, '')
}

/** Stands for the host of a target that has none, or is not a URL. */
const NO_HOST = '-'

/** The host of a target, with its port unless that is the default. */
export function hostOf(target: string): string {
  return URL.canParse(target) ? new URL(target).host || NO_HOST : NO_HOST
}

/** The URL of a target without its query, which may differ from one notification to the next. */
export function addressOf(target: string): string {
  if (!URL.canParse(target)) return target
  const { origin, pathname } = new URL(target)
  return origin + pathname
}

const SECOND = 1000
const HOUR = 60 * 60 * SECOND

const FIRST_PAUSE_MS = 5 * SECOND
const LONGEST_PAUSE_MS = HOUR
const NOTIFY_WITHIN_MS = 24 * HOUR
/** A pause is randomly longer or shorter by up to this share, so that attempts that failed together are not repeated together. */
const JITTER = 0.2
/** How long an attempt claims its notification: up to 15 seconds to send it, and as long again to record the result. */
export const NOTIFICATION_CLAIM_MS = 30 * SECOND
/** The longest pause between attempts, unless the receiver asks for a longer one. */
export const LONGEST_WAIT_MS = LONGEST_PAUSE_MS * (1 + JITTER)

/**
 * When to repeat a failed attempt: after 5 s, doubling up to an hour, or later if the receiver asks for it, until the
 * notification is 24 h old. `random` is in [0, 1).
 */
export function nextAttempt(
  { attempt, createdAt }: Pick<Notification, 'attempt' | 'createdAt'>,
  { now, retryAfterMs, random }: { now: number; retryAfterMs: number | null; random: number },
): { at: number } | 'give_up' {
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
  const jitteredMs = Math.round(pauseMs * (1 - JITTER + 2 * JITTER * random))
  // If the notification was created while the clock was ahead, a due time beyond `LONGEST_WAIT_MS` would count as another wrong
  // time, and the next attempt would follow at once.
  const requestedMs = createdAt > now ? Math.min(retryAfterMs ?? 0, LONGEST_PAUSE_MS) : (retryAfterMs ?? 0)
  const at = now + Math.max(jitteredMs, requestedMs)
  return at > createdAt + NOTIFY_WITHIN_MS ? 'give_up' : { at }
}
