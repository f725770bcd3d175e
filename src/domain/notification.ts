import { isSettledNow, type Run } from './run.ts'
import type { Submission } from './submission.ts'

/** One settled run that its caller is told of, without what it is told. Times are milliseconds since the epoch. */
export type DueNotification = {
  /** The same on every attempt, so that the receiver can tell a repetition. */
  notificationId: string
  /** The caller's own `webhookUrl`. */
  target: string
  /** Under which it is queued: that of the target. */
  host: string
  /** The number of the attempt that is due or under way; the first is 1. */
  attempt: number
  createdAt: number
  /** When it was due. */
  dueAt: number
}

export type Notification = Omit<DueNotification, 'dueAt'> & {
  /** The JSON text that is sent, and signed, as it stands. */
  body: string
}

/** Where one page of due notifications ends and the next begins: behind this host. */
export type HostPlace = string | null

/** How an attempt ended: for good, or to be repeated at `at`. Reasons hold nothing secret. */
export type NotificationResult =
  | { kind: 'delivered' }
  | { kind: 'gone' | 'refused' | 'given_up'; reason: string }
  | { kind: 'again'; at: number; reason: string }

/** A caller is told of each run that a webhook or evidence settles; not of what the response said, nor of expiry. */
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

/** What stands for the host of a target that is no address. */
const NO_HOST = '-'

/** The host of a target, with its port. */
export function hostOf(target: string): string {
  return URL.canParse(target) ? new URL(target).host || NO_HOST : NO_HOST
}

/** A target without what may differ from one notification to the next. */
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
/** A pause is longer or shorter by up to this share, so that what failed together is not repeated together. */
const JITTER = 0.2
/** How long an attempt may take: the sender's 15 seconds, and as long again to record how it ended. */
export const NOTIFICATION_CLAIM_MS = 30 * SECOND
/** No attempt is planned further ahead unless the receiver asks for it. */
export const LONGEST_WAIT_MS = LONGEST_PAUSE_MS * (1 + JITTER)

/**
 * When a notification whose attempt has just failed is sent again: from 5 s doubling to an hour, or later where the
 * receiver asked for it, until it is 24 h old. `random` is in [0, 1).
 */
export function nextAttempt(
  { attempt, createdAt }: Pick<Notification, 'attempt' | 'createdAt'>,
  { now, retryAfterMs, random }: { now: number; retryAfterMs: number | null; random: number },
): { at: number } | 'give_up' {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS)
  const jittered = Math.round(pause * (1 - JITTER + 2 * JITTER * random))
  // Made while the clock was ahead, it would count as misdated again if it were planned that far.
  const asked = createdAt > now ? Math.min(retryAfterMs ?? 0, LONGEST_PAUSE_MS) : (retryAfterMs ?? 0)
  const at = now + Math.max(jittered, asked)
  return at > createdAt + NOTIFY_WITHIN_MS ? 'give_up' : { at }
}
