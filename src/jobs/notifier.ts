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
} from '../domain/notification.ts'
import type { Store } from '../store/store.ts'
import { type Repeated, repeat } from './repeat.ts'
import { createTargetHolds } from './target-holds.ts'

/** How an attempt to tell a caller ended. */
type SendResult =
  | { kind: 'delivered'; status: number }
  | { kind: 'gone' }
  | { kind: 'retry'; retryAfterMs: number | null; reason: string }
  | { kind: 'refused'; reason: string }

type NotifierDeps = {
  store: Pick<
    Store,
    'listDueNotifications' | 'claimNotification' | 'releaseNotification' | 'settleNotification'
  >
  sender: { send(notification: Notification): Promise<SendResult> }
  refusedTargets: { note(host: string): void }
  meter: { notificationTried(result: NotificationResult['kind']): void }
  clock: () => number
  random: () => number
  log: { [level in 'info' | 'warn' | 'error']: (fields: object, text: string) => void }
}

const AT_ONCE = 32
const AT_ONCE_PER_HOST = 4
/** Of each host so many are looked at: those under way, some that are held back, and some that are not. */
const LOOKED_AT_PER_HOST = 32
/** So many pages of hosts are looked at before others get their turn. */
const MAX_PAGES = 10
const BETWEEN_MS = 50
const EVERY_MS = 1000
const AFTER_FAILURE_MS = 5000

const PRIVATE_TARGET =
  'notification not sent: the host is a private address; set ALLOW_PRIVATE_TARGETS=true if that is intended'

/**
 * Tells callers of the runs they asked for, at least once, until they have heard it or a day is over. It looks for more
 * whenever it is woken and whenever an attempt has ended; no caller's silence keeps another from being told.
 */
export function createNotifier(deps: NotifierDeps): Repeated {
  const { store, sender, refusedTargets, meter, clock, random, log } = deps
  const underWay = new Map<string, { host: string; ended: Promise<void> }>()
  const holds = createTargetHolds()
  let place: HostPlace = null
  let isStopped = true

  const attempt = async (due: DueNotification): Promise<void> => {
    const { notificationId, target } = due
    const claim = clock() + NOTIFICATION_CLAIM_MS
    const body = await store.claimNotification(notificationId, due.dueAt, claim)
    if (body === undefined) return
    const sent = await sender.send({ ...due, body })
    // Broken off by our own stop: no attempt of theirs has failed.
    if (sent.kind === 'retry' && sent.reason === 'sender_closed') {
      isStopped = true
      await store.releaseNotification(notificationId, claim, due.dueAt)
      return
    }
    const result = resultOf(sent, due)
    meter.notificationTried(result.kind)
    if (result.kind === 'again') {
      const wholeHost = !result.reason.startsWith('status_')
      holds.hold(target, { until: result.at, now: clock(), wholeHost })
    } else if (result.kind === 'delivered') holds.release(target)
    await store.settleNotification(notificationId, result, claim)
    const host = hostOf(target)
    const fields = { notificationId, host, attempt: due.attempt, ...result }
    if (result.kind === 'refused' && result.reason === 'address_not_allowed') {
      refusedTargets.note(host)
      log.warn({ event: 'notification.failed', ...fields }, PRIVATE_TARGET)
    } else log.info({ event: `notification.${result.kind}`, ...fields }, 'notification')
  }
  const resultOf = (sent: SendResult, due: DueNotification): NotificationResult => {
    switch (sent.kind) {
      case 'delivered':
        return { kind: 'delivered' }
      case 'gone':
        return { kind: 'gone', reason: 'status_410' }
      case 'refused':
        return { kind: 'refused', reason: sent.reason }
      case 'retry': {
        const { reason, retryAfterMs } = sent
        const next = nextAttempt(due, { now: clock(), retryAfterMs, random: random() })
        return next === 'give_up' ? { kind: 'given_up', reason } : { kind: 'again', at: next.at, reason }
      }
    }
  }
  const begin = (due: DueNotification): void => {
    const ended = attempt(due)
      .catch((err: unknown) => {
        log.error({ err, notificationId: due.notificationId }, 'notifying failed')
        const now = clock()
        holds.hold(due.target, { until: now + AFTER_FAILURE_MS, now, wholeHost: false })
      })
      .finally(() => {
        underWay.delete(due.notificationId)
        // What was skipped since it was under way, or its host had enough, may be next.
        if (!isStopped) repeated.wake()
      })
    underWay.set(due.notificationId, { host: hostOf(due.target), ended })
  }
  const mayBegin = ({ notificationId, target }: DueNotification): boolean => {
    if (isStopped || underWay.size >= AT_ONCE || underWay.has(notificationId)) return false
    if (holds.isHeld(target, clock())) return false
    const host = hostOf(target)
    const ofHost = [...underWay.values()].filter((other) => other.host === host)
    return ofHost.length < AT_ONCE_PER_HOST
  }

  /** Goes once around the hosts, behind the one at which there was no room any more the last time. */
  const fill = async (): Promise<number> => {
    let isAround = place === null
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const now = clock()
      const latest = latestDueAt(now, LONGEST_WAIT_MS)
      const page = { perHost: LOOKED_AT_PER_HOST, after: place, latest }
      const { due, next } = await store.listDueNotifications(now, page)
      for (const one of due) {
        if (!mayBegin(one)) continue
        begin(one)
        place = one.host
        if (underWay.size >= AT_ONCE) return EVERY_MS
      }
      place = next
      if (next === null && isAround) return EVERY_MS
      isAround ||= next === null
    }
    return BETWEEN_MS
  }
  const repeated = repeat(fill, {
    afterFailureMs: AFTER_FAILURE_MS,
    onError: (err) => log.error({ err }, 'notifying failed'),
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
      await Promise.all([...underWay.values()].map(({ ended }) => ended))
    },
  }
}
