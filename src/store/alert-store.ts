import type { Alert } from '../domain/alert.ts'

/** What tells that something is the matter, and what was told of it. Each method is one atomic step, as in `Store`. */
export type AlertStore = {
  /** How many runs of each extension have failed at this time or later, whenever they were requested; `atMost` or more count as that many. */
  countFailures(since: number, atMost: number): Promise<{ extension: string; count: number }[]>

  listAlerts(): Promise<Alert[]>

  /** There is one of each kind and extension; it takes the place of the one before. */
  saveAlerts(alerts: readonly Alert[]): Promise<void>

  /** The message about this state of an alert was taken: one that is resolved is over, and goes. Of a later state nothing changes. */
  alertTold(alert: Pick<Alert, 'alertId' | 'state'>): Promise<void>
}
