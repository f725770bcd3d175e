import { type Alert, alertMessageId, alertPauseMs } from '../domain/alert.ts'
import type { Store, StoreLifecycle } from '../store/store.ts'
import { alertMessage, databaseAlertMessage } from '../tracking/alert-message.ts'
import { createDatabaseAlert } from '../tracking/database-alert.ts'
import { type EvaluateAlertsDeps, evaluateAlerts } from '../tracking/evaluate-alerts.ts'
import type { Links } from '../tracking/links.ts'
import type { UpkeepLease } from '../tracking/upkeep-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

type SendResult =
  | { kind: 'delivered' }
  | { kind: 'gone' }
  | { kind: 'retry'; retryAfterMs: number | null; reason: string }
  | { kind: 'refused'; reason: string }

type AlerterDeps = EvaluateAlertsDeps & {
  store: Pick<Store, 'recordAlertReported'> & Pick<StoreLifecycle, 'findFault'>
  lease: Pick<UpkeepLease, 'current'>
  sender: { send(message: { notificationId: string; target: string; body: string }): Promise<SendResult> }
  target: string
  /** How often to look, in milliseconds. */
  alertEveryMs: number
  links: Pick<Links, 'worklist' | 'rejectedDeliveries' | 'readiness'>
  log: {
    info(fields: object, text: string): void
    warn(fields: object, text: string): void
    error(fields: object, text: string): void
  }
}

/**
 * Tells an address when too much fails or waits too long, or when the database is unavailable, and when that is over: each at least once, however long the
 * address is dead. What comes to another state in the meantime is told as it is then.
 */
export function createAlerter(deps: AlerterDeps): Repeated {
  const { store, lease, sender, target, thresholds, links, alertEveryMs, clock, log } = deps
  const databaseAlert = createDatabaseAlert(deps)
  let failed = 0
  let pause = { since: 0, ms: 0 }
  const isPaused = () => {
    const passedMs = clock() - pause.since
    // Negative where the clock has been set back since.
    return passedMs >= 0 && passedMs < pause.ms
  }

  /** Returns whether the address has taken it. */
  const tell = async (alert: Alert, message: object, onTold: () => Promise<unknown>): Promise<boolean> => {
    const body = JSON.stringify(message)
    const sent = await sender.send({ notificationId: alertMessageId(alert), target, body })
    if (sent.kind === 'retry' && sent.reason === 'sender_closed') return false
    const { kind, extension, state } = alert
    if (sent.kind === 'delivered') {
      failed = 0
      await onTold()
      log.info({ alert: kind, extension, state }, 'an alert was told')
      return true
    }
    const reason = sent.kind === 'gone' ? 'status_410' : sent.reason
    failed += 1
    const pauseMs = alertPauseMs(failed, sent.kind === 'retry' ? sent.retryAfterMs : null)
    pause = { since: clock(), ms: pauseMs }
    log.warn(
      { alert: kind, extension, state, reason, pauseMs },
      'an alert could not be told; it is tried again',
    )
    return false
  }

  return repeat(
    async () => {
      // First, and on its own: what the others are measured by, and where they are kept, is in the database.
      const { isAvailable, due } = await databaseAlert.judge()
      if (due && !isPaused()) {
        const { alert, fault } = due
        await tell(alert, databaseAlertMessage(alert, fault, links), async () =>
          databaseAlert.told(alert.state),
        )
      }
      if (!isAvailable) return alertEveryMs
      // Each process reports its own database; what is in the database is reported by one.
      const held = lease.current()
      if (held === null) return alertEveryMs
      // Before the evaluation: a pause that ends meanwhile must not let an outdated alert go out.
      const isQuiet = isPaused()
      for (const alert of await evaluateAlerts(deps, held)) {
        const message = alertMessage(alert, thresholds, links)
        if (isQuiet || !(await tell(alert, message, () => store.recordAlertReported(held, alert)))) break
      }
      return alertEveryMs
    },
    { afterFailureMs: 5 * alertEveryMs, onError: (err) => log.error({ err }, 'alerting failed') },
  )
}
