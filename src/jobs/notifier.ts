import { latestDueAt } from '../domain/due-time.ts'
import {
  type DueNotification,
  type HostPlace,
  hostOf,
  LONGEST_WAIT_MS,
  NOTIFICATION_CLAIM_MS,
  type Notification,
  type NotificationResult,
  nextAttempt,
  type SendResult,
} from '../domain/notification.ts'
import type { Store } from '../store/store.ts'
import { type Repeated, repeat } from './repeat.ts'
import { createTargetBackoff } from './target-backoff.ts'

export type NotifierDeps = {
  store: Pick<
    Store,
    'listDueNotifications' | 'claimNotification' | 'releaseNotification' | 'recordNotificationResult'
  >
  sender: { send(notification: Notification): Promise<SendResult> }
  rejectedTargets: { note(host: string): void }
  meter: { notificationAttempted(result: NotificationResult['kind']): void }
  clock: () => number
  random: () => number
  log: { [level in 'info' | 'warn' | 'error']: (fields: object, text: string) => void }
}

const MAX_IN_PROGRESS = 32
const MAX_IN_PROGRESS_PER_HOST = 4
/** The number of due notifications read per host: more than can start at once, because targets of some may be backing off. */
const READ_PER_HOST = 32
/** The maximum number of pages of hosts that one pass reads. If there are more, the next pass follows after `WHILE_MORE_MS`. */
const MAX_PAGES = 10
const WHILE_MORE_MS = 50
const EVERY_MS = 1000
const AFTER_FAILURE_MS = 5000

const PRIVATE_TARGET_MESSAGE =
  'notification not sent: the host is, or resolves to, a private address; set ALLOW_PRIVATE_TARGETS=true if that is intended'

const EVENTS = {
  delivered: 'notification.delivered',
  again: 'notification.deferred',
  gone: 'notification.failed',
  rejected: 'notification.failed',
  given_up: 'notification.failed',
} as const satisfies { [kind in NotificationResult['kind']]: string }

const MESSAGES = {
  delivered: 'notification delivered',
  again: 'notification attempt failed; it will be retried',
  gone: 'notification failed: the target is gone',
  rejected: 'notification failed: the target is not allowed',
  given_up: 'notification failed: no more retries',
} as const satisfies { [kind in NotificationResult['kind']]: string }

/**
 * Sends the notifications to callers about settled runs, and retries each for up to a day. A notification may arrive more than
 * once. Due notifications are read every second, when the job is woken, and when an attempt has ended. A host that does not
 * respond does not delay the others.
 */
export function createNotifier(deps: NotifierDeps): Repeated {
  const { store, sender, rejectedTargets, meter, clock, random, log } = deps
  const inProgress = new Map<string, { host: string; ended: Promise<void> }>()
  const backoff = createTargetBackoff()
  /** The host after which the next page begins. */
  let place: HostPlace = null
  let isStopped = true

  const attempt = async (due: DueNotification): Promise<void> => {
    const { notificationId, target } = due
    const claimedUntil = clock() + NOTIFICATION_CLAIM_MS
    const body = await store.claimNotification(notificationId, due.dueAt, claimedUntil)
    if (body === undefined) return
    const at = clock()
    const sendResult = await sender.send({ ...due, body })
    // The service is stopping and has closed the sender: this does not count as a failed attempt, and no more may start.
    if (sendResult.kind === 'closed') {
      isStopped = true
      await store.releaseNotification(notificationId, claimedUntil, due.dueAt)
      return
    }
    const status = sendResult.kind === 'rejected' ? null : sendResult.status
    const result = resultOf(sendResult, due)
    meter.notificationAttempted(result.kind)
    if (result.kind === 'again') {
      backoff.backOff(target, { until: result.at, now: clock(), wholeHost: status === null })
    } else if (result.kind === 'delivered') backoff.reset(target)
    await store.recordNotificationResult(notificationId, result, claimedUntil, { at, status })
    const host = hostOf(target)
    const fields = { notificationId, host, attempt: due.attempt, ...result }
    if (sendResult.kind === 'rejected' && sendResult.reason === 'address_not_allowed') {
      rejectedTargets.note(host)
      log.warn({ event: EVENTS.rejected, ...fields }, PRIVATE_TARGET_MESSAGE)
    } else log.info({ event: EVENTS[result.kind], ...fields }, MESSAGES[result.kind])
  }
  const resultOf = (
    sendResult: Exclude<SendResult, { kind: 'closed' }>,
    due: DueNotification,
  ): NotificationResult => {
    switch (sendResult.kind) {
      case 'delivered':
        return { kind: 'delivered' }
      case 'gone':
      case 'rejected':
        return { kind: sendResult.kind, reason: sendResult.reason }
      case 'retry': {
        const { reason, retryAfterMs } = sendResult
        const next = nextAttempt(due, { now: clock(), retryAfterMs, random: random() })
        return next === 'give_up' ? { kind: 'given_up', reason } : { kind: 'again', at: next.at, reason }
      }
    }
  }
  const begin = (due: DueNotification): void => {
    const ended = attempt(due)
      .catch((err: unknown) => {
        log.error({ event: 'notifier.failed', err, notificationId: due.notificationId }, 'notifying failed')
        const now = clock()
        backoff.backOff(due.target, { until: now + AFTER_FAILURE_MS, now, wholeHost: false })
      })
      .finally(() => {
        inProgress.delete(due.notificationId)
        // A notification that was skipped because it was in progress, or because of a limit, may start now.
        if (!isStopped) repeated.wake()
      })
    inProgress.set(due.notificationId, { host: hostOf(due.target), ended })
  }
  const mayBegin = ({ notificationId, target }: DueNotification): boolean => {
    if (isStopped || inProgress.size >= MAX_IN_PROGRESS || inProgress.has(notificationId)) return false
    if (backoff.isBackingOff(target, clock())) return false
    const host = hostOf(target)
    const ofHost = [...inProgress.values()].filter((other) => other.host === host)
    return ofHost.length < MAX_IN_PROGRESS_PER_HOST
  }

  /**
   * Starts due notifications of all hosts, beginning after the host at which the previous pass reached a limit, so that every host
   * gets its turn. Returns the pause until the next pass.
   */
  const startDue = async (): Promise<number> => {
    let hasWrapped = place === null
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const now = clock()
      const latest = latestDueAt(now, LONGEST_WAIT_MS)
      const page = { perHost: READ_PER_HOST, after: place, latest }
      const { due, next } = await store.listDueNotifications(now, page)
      for (const one of due) {
        if (!mayBegin(one)) continue
        begin(one)
        place = one.host
        if (inProgress.size >= MAX_IN_PROGRESS) return EVERY_MS
      }
      place = next
      if (next === null && hasWrapped) return EVERY_MS
      hasWrapped ||= next === null
    }
    return WHILE_MORE_MS
  }
  const repeated = repeat(startDue, {
    afterFailureMs: AFTER_FAILURE_MS,
    onError: (err) => log.error({ event: 'notifier.failed', err }, 'notifying failed'),
  })
  return {
    ...repeated,
    start() {
      isStopped = false
      repeated.start()
    },
    async stop() {
      isStopped = true
      await repeated.stop()
      await Promise.all([...inProgress.values()].map(({ ended }) => ended))
    },
  }
}
