import { type Alert, alertMessageId, alertPauseMs } from '../domain/alert.ts'
import type { SendResult } from '../domain/notification.ts'
import type { Store, StoreLifecycle } from '../store/store.ts'
import { alertMessage, databaseAlertMessage } from '../tracking/alerts/alert-message.ts'
import { createDatabaseAlert } from '../tracking/alerts/database-alert.ts'
import { type EvaluateAlertsDeps, evaluateAlerts } from '../tracking/alerts/evaluate-alerts.ts'
import type { Links } from '../tracking/links.ts'
import type { MaintenanceLease } from '../tracking/maintenance-lease.ts'
import { type Repeated, repeat } from './repeat.ts'

export type AlerterDeps = EvaluateAlertsDeps & {
  store: Pick<Store, 'recordAlertReported'> & Pick<StoreLifecycle, 'findFault'>
  lease: Pick<MaintenanceLease, 'current'>
  sender: { send(message: { notificationId: string; target: string; body: string }): Promise<SendResult> }
  target: string
  /** How often alerts are evaluated, in milliseconds. */
  alertEveryMs: number
  links: Pick<Links, 'alertedRuns' | 'rejectedDeliveries' | 'readiness'>
  log: {
    info(fields: object, text: string): void
    warn(fields: object, text: string): void
    error(fields: object, text: string): void
  }
}

/**
 * POSTs a message to the target when an alert fires and when it resolves. A message is retried until the target accepts it, and may
 * arrive more than once. If the state of an alert changes before its message is accepted, only the new state is sent. A restart
 * forgets the database alert, and its message.
 */
export function createAlerter(deps: AlerterDeps): Repeated {
  const { store, lease, sender, target, thresholds, links, alertEveryMs, clock, log } = deps
  const databaseAlert = createDatabaseAlert(deps)
  let failures = 0
  let pause = { since: 0, ms: 0 }
  const isPaused = () => {
    const passedMs = clock() - pause.since
    // Negative if the clock has been set back since.
    return passedMs >= 0 && passedMs < pause.ms
  }

  /** Returns whether the message was delivered. After a failure, no message is sent for a while. */
  const send = async (
    alert: Alert,
    message: object,
    onDelivered: () => Promise<unknown>,
  ): Promise<boolean> => {
    const body = JSON.stringify(message)
    const sendResult = await sender.send({ notificationId: alertMessageId(alert), target, body })
    if (sendResult.kind === 'closed') return false
    const { kind, extension, state } = alert
    if (sendResult.kind === 'delivered') {
      failures = 0
      await onDelivered()
      log.info({ event: 'alert.sent', alert: kind, extension, state }, 'alert sent')
      return true
    }
    failures += 1
    const pauseMs = alertPauseMs(failures, sendResult.kind === 'retry' ? sendResult.retryAfterMs : null)
    pause = { since: clock(), ms: pauseMs }
    log.warn(
      { event: 'alert.failed', alert: kind, extension, state, reason: sendResult.reason, pauseMs },
      'alert could not be sent; it will be retried',
    )
    return false
  }

  return repeat(
    async () => {
      // The database alert comes first, and separately: all others are computed from the database, and stored in it.
      const { isAvailable, due } = await databaseAlert.evaluate()
      if (due && !isPaused()) {
        const { alert, fault } = due
        await send(alert, databaseAlertMessage(alert, fault, links), async () =>
          databaseAlert.markReported(alert.state),
        )
      }
      if (!isAvailable) return alertEveryMs
      // Each process sends the database alert; only the lease holder sends the others.
      const current = lease.current()
      if (current === null) return alertEveryMs
      // Read before the evaluation: alerts that were evaluated during a pause are never sent, even if it ends meanwhile. The next run
      // evaluates them again.
      const wasPaused = isPaused()
      for (const alert of await evaluateAlerts(deps, current)) {
        const message = alertMessage(alert, thresholds, links)
        if (wasPaused || !(await send(alert, message, () => store.recordAlertReported(current, alert)))) break
      }
      return alertEveryMs
    },
    {
      afterFailureMs: 5 * alertEveryMs,
      onError: (err) => log.error({ event: 'alerting.failed', err }, 'alerting failed'),
    },
  )
}
