/**
 * `failures`: an extension fails too often. `oldest_pending`: some run has been pending for too long.
 * `unknown_submission`: webhooks arrive for submissions that are not in the database. `database_unavailable`: the open database
 * must not be written to. This alert is kept only in memory, because it fires when the store is broken.
 */
export type AlertKind = 'failures' | 'oldest_pending' | 'unknown_submission' | 'database_unavailable'

type AlertState = 'firing' | 'resolved'

/** A firing alert, or a resolved one whose end has not been reported yet. Times are milliseconds since the epoch. */
export type Alert = {
  kind: AlertKind
  /** Empty if the alert is not about one extension. */
  extension: string
  alertId: string
  state: AlertState
  /** When it began to fire. */
  since: number
  /** When the measured value was last at or above the threshold; updated only at intervals (`REFRESH_SHARE`). */
  passedAt: number
  resolvedAt: number | null
  /** The measurement that led to this state: a count, or an age in milliseconds. */
  value: number
  /** The receiver has accepted the message about this state. */
  isReported: boolean
}

/** Fires at `threshold` or above. Resolves after `calmMs` below it, or at once below half of it. */
export type AlertRule = { threshold: number; calmMs: number }

/**
 * An alert resolves at once only below this share of the threshold. So a value that hovers around the threshold does not fire and
 * resolve an alert again and again.
 */
const RESOLVE_SHARE = 0.5

/** `passedAt` of a firing alert is updated at most once per this share of `calmMs`, to save writes. */
const REFRESH_SHARE = 0.05

/**
 * The alert after a measurement; the same object if nothing has to be written, undefined if there is no alert. A new state is
 * not reported yet. If the previous state has not been reported by then, it never is.
 */
export function evaluateAlert(
  alert: Alert | undefined,
  measured: { kind: AlertKind; extension: string; value: number },
  rule: AlertRule,
  { now, newId }: { now: number; newId: () => string },
): Alert | undefined {
  const { kind, extension, value } = measured
  const isPassed = value >= rule.threshold
  if (alert?.state !== 'firing') {
    if (!isPassed) return alert
    return {
      kind,
      extension,
      alertId: newId(),
      state: 'firing',
      since: now,
      passedAt: now,
      resolvedAt: null,
      value,
      isReported: false,
    }
  }
  // A time in the future was recorded before the clock was set back, so its true age is unknown. Its distance counts as its age:
  // a negative age could keep the alert firing until the clock has caught up.
  const sincePassedMs = Math.abs(now - alert.passedAt)
  if (isPassed) return sincePassedMs < rule.calmMs * REFRESH_SHARE ? alert : { ...alert, passedAt: now }
  const isResolved = value < rule.threshold * RESOLVE_SHARE || sincePassedMs >= rule.calmMs
  return isResolved ? { ...alert, state: 'resolved', resolvedAt: now, value, isReported: false } : alert
}

/** The id of the message about this state, the same for every attempt, so that the receiver can recognise a repetition. */
export function alertMessageId({ alertId, state }: Pick<Alert, 'alertId' | 'state'>): string {
  return `msg_${alertId}_${state}`
}

const FIRST_PAUSE_MS = 5_000
const LONGEST_PAUSE_MS = 5 * 60_000

/** The pause after a number of failed attempts in a row. Attempts never stop: the alert may still be firing. */
export function alertPauseMs(failures: number, retryAfterMs: number | null): number {
  return Math.min(Math.max(FIRST_PAUSE_MS * 2 ** (failures - 1), retryAfterMs ?? 0), LONGEST_PAUSE_MS)
}
