import { type Notification, type NotificationResult, nextAttempt } from '../domain/notification.ts'
import { type Repeated, repeat } from './repeat.ts'

/** How an attempt to tell a caller ended. */
type SendResult =
  | { kind: 'delivered'; status: number }
  | { kind: 'gone' }
  | { kind: 'retry'; retryAfterMs: number | null; reason: string }
  | { kind: 'refused'; reason: string }

type NotifierDeps = {
  store: {
    listDueNotifications(now: number, limit: number): Promise<Notification[]>
    settleNotification(notificationId: string, result: NotificationResult): Promise<void>
  }
  sender: { send(notification: Notification): Promise<SendResult> }
  meter: { notificationTried(result: NotificationResult['kind']): void }
  clock: () => number
  random: () => number
  log: { info(fields: object, text: string): void; error(fields: object, text: string): void }
}

const AT_ONCE = 16
const EVERY_MS = 1000

/** Tells callers of the runs they asked for, at least once, until they have heard it or a day is over. */
export function createNotifier(deps: NotifierDeps): Repeated {
  const { store, sender, meter, clock, random, log } = deps

  const attempt = async (notification: Notification): Promise<void> => {
    const sent = await sender.send(notification)
    // Broken off by our own stop: no attempt of theirs has failed.
    if (sent.kind === 'retry' && sent.reason === 'sender_closed') return
    const result = resultOf(sent, notification)
    meter.notificationTried(result.kind)
    await store.settleNotification(notification.notificationId, result)
    log.info(
      { notificationId: notification.notificationId, attempt: notification.attempt, ...result },
      'notification',
    )
  }
  const resultOf = (sent: SendResult, notification: Notification): NotificationResult => {
    switch (sent.kind) {
      case 'delivered':
        return { kind: 'delivered' }
      case 'gone':
        return { kind: 'gone', reason: 'status_410' }
      case 'refused':
        return { kind: 'refused', reason: sent.reason }
      case 'retry': {
        const { reason, retryAfterMs } = sent
        const next = nextAttempt(notification, { now: clock(), retryAfterMs, random: random() })
        return next === 'give_up' ? { kind: 'given_up', reason } : { kind: 'again', at: next.at, reason }
      }
    }
  }

  return repeat(
    async () => {
      const due = await store.listDueNotifications(clock(), AT_ONCE)
      await Promise.all(due.map(attempt))
      return due.length < AT_ONCE ? EVERY_MS : 0
    },
    { afterFailureMs: 5 * EVERY_MS, onError: (err) => log.error({ err }, 'notifying failed') },
  )
}
