/**
 * `failures`: an extension fails too often. `oldest_pending`: some run has been pending for too long.
 * `unknown_submission`: webhooks arrive for submissions that are not in the database. `database_unavailable`: the open database
 * must not be written to; it is kept in memory only, because it fires when the store is broken.
 */
export type AlertKind = 'failures' | 'oldest_pending' | 'unknown_submission' | 'database_unavailable'

type AlertState = 'firing' | 'resolved'

/** Something that is the matter, or was and has not been told to be over. Times are milliseconds since the epoch. */
export type Alert = {
  kind: AlertKind
  /** Empty where it is about all of them. */
  extension: string
  alertId: string
  state: AlertState
  since: number
  /** When the threshold was passed last. */
  passedAt: number
  resolvedAt: number | null
  /** What was measured when it came to this state: a count, or an age in milliseconds. */
  value: number
  /** The message about this state has been taken. */
  isTold: boolean
}

/** At `threshold` or above it fires. `calmMs`: so long it has to stay below until it is over. */
export type AlertRule = { threshold: number; calmMs: number }

/** One that comes and goes is told of once: it is over below half of the threshold, or after a time below all of it. */
const OVER_SHARE = 0.5

/** That it is still the matter is written down no more often than this share of `calmMs`. */
const NOTED_SHARE = 0.05

/**
 * What a measurement makes of an alert. Returns the same alert where nothing is to be written down, and undefined where
 * there is none. A new state is untold, and takes the place of a message that nobody has taken yet.
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
      isTold: false,
    }
  }
  // A time that is still to come was noted before the clock was set back; how long ago that was nobody knows.
  const sincePassedMs = Math.abs(now - alert.passedAt)
  if (isPassed) return sincePassedMs < rule.calmMs * NOTED_SHARE ? alert : { ...alert, passedAt: now }
  const isOver = value < rule.threshold * OVER_SHARE || sincePassedMs >= rule.calmMs
  return isOver ? { ...alert, state: 'resolved', resolvedAt: now, value, isTold: false } : alert
}

/** The same on every attempt to tell of this state, so that the receiver can tell a repetition. */
export function alertMessageId({ alertId, state }: Pick<Alert, 'alertId' | 'state'>): string {
  return `msg_${alertId}_${state}`
}

const FIRST_PAUSE_MS = 5_000
const LONGEST_PAUSE_MS = 5 * 60_000

/** How long after so many failed attempts in a row the next one is made; never given up, for it may still be the matter. */
export function alertPauseMs(failed: number, retryAfterMs: number | null): number {
  return Math.min(Math.max(FIRST_PAUSE_MS * 2 ** (failed - 1), retryAfterMs ?? 0), LONGEST_PAUSE_MS)
}
