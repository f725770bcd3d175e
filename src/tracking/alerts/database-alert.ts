import { type Alert, type AlertRule, evaluateAlert } from '../../domain/alert.ts'
import type { DatabaseFault } from '../../domain/database-fault.ts'
import type { StoreLifecycle } from '../../store/store.ts'

type DatabaseAlertDeps = {
  store: Pick<StoreLifecycle, 'findFault'>
  clock: () => number
  newId: () => string
}

/** The database alert. It is kept in memory, because nothing can be written while it fires; a restart forgets it. */
export type DatabaseAlert = {
  /**
   * Checks the database file; with PostgreSQL there is none, so the alert never fires. `isAvailable`: no fault was found. `due`: the
   * alert, if the message about its state was not delivered yet.
   */
  evaluate(): Promise<{ isAvailable: boolean; due: { alert: Alert; fault: DatabaseFault } | undefined }>
  /** Records that the message about this state was delivered. */
  markReported(state: Alert['state']): void
}

/** The alert fires as soon as there is a fault, and resolves as soon as there is none. */
const RULE: AlertRule = { threshold: 1, calmMs: 0 }

export function createDatabaseAlert({ store, clock, newId }: DatabaseAlertDeps): DatabaseAlert {
  let current: { alert: Alert; fault: DatabaseFault } | undefined
  return {
    async evaluate() {
      const fault = await store.findFault()
      const value = fault === undefined ? 0 : 1
      const measured = { kind: 'database_unavailable', extension: '', value } as const
      const alert = evaluateAlert(current?.alert, measured, RULE, { now: clock(), newId })
      // An alert keeps the reason for which it fired, so that a repeated message is the same.
      const reason = alert?.alertId === current?.alert.alertId ? current?.fault : fault
      current = alert && reason && { alert, fault: reason }
      return { isAvailable: fault === undefined, due: current?.alert.isReported ? undefined : current }
    },
    markReported(state) {
      if (current?.alert.state !== state) return
      current =
        state === 'resolved' ? undefined : { ...current, alert: { ...current.alert, isReported: true } }
    },
  }
}
