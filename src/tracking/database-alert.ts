import { type Alert, type AlertRule, evaluateAlert } from '../domain/alert.ts'
import type { DatabaseFault } from '../domain/database-fault.ts'
import type { StoreLifecycle } from '../store/store.ts'

type DatabaseAlertDeps = {
  store: Pick<StoreLifecycle, 'findFault'>
  clock: () => number
  newId: () => string
}

/** The alert about the database. Kept in memory, for nothing can be written while it fires; a restart forgets it. */
export type DatabaseAlert = {
  /** Looks at the database. Returns whether it can be written to, and the alert unless there is none or it was delivered. */
  judge(): Promise<{ isAvailable: boolean; due: { alert: Alert; fault: DatabaseFault } | undefined }>
  /** The message about this state was delivered. */
  told(state: Alert['state']): void
}

/** It fires at once and resolves at once. */
const RULE: AlertRule = { threshold: 1, calmMs: 0 }

export function createDatabaseAlert({ store, clock, newId }: DatabaseAlertDeps): DatabaseAlert {
  let kept: { alert: Alert; fault: DatabaseFault } | undefined
  return {
    async judge() {
      const fault = await store.findFault()
      const value = fault === undefined ? 0 : 1
      const measured = { kind: 'database_unavailable', extension: '', value } as const
      const alert = evaluateAlert(kept?.alert, measured, RULE, { now: clock(), newId })
      // A repeated message is the same one, so the reason is that for which it fired.
      const reason = alert?.alertId === kept?.alert.alertId ? kept?.fault : fault
      kept = alert && reason && { alert, fault: reason }
      return { isAvailable: fault === undefined, due: kept?.alert.isTold ? undefined : kept }
    },
    told(state) {
      if (kept?.alert.state !== state) return
      kept = state === 'resolved' ? undefined : { ...kept, alert: { ...kept.alert, isTold: true } }
    },
  }
}
