import { parseDurationMs, positive } from '../domain/quantities.ts'
import type { VariableName } from './documented-variables.ts'
import type { Variables } from './variables.ts'

/** The settings of the background jobs. All times in milliseconds. */
export type MaintenanceSettings = {
  /** How long after its request a pending run is overdue. */
  overdueAfterMs: number
  /** How often an overdue run is checked. */
  reconcileEveryMs: number
  /** How long after its request a pending run expires. */
  expireAfterMs: number
  /** How long the bodies and headers of deliveries are kept, except rejected ones, whose number and size are limited instead. */
  retentionMs: number
  /** How long submissions are kept at least, with their runs and deliveries. Null: forever. */
  retentionRunsMs: number | null
}

const DURATION = 'a duration such as 10m or 25h'
const TOO_SHORT =
  'must be at least 25h and at least EXPIRE_AFTER, because webhooks for a run can arrive for so long'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

export function parseMaintenance(variables: Variables): MaintenanceSettings {
  const duration = (name: VariableName, fallbackMs: number) =>
    variables.parsed(name, fallbackMs, positive(parseDurationMs), DURATION)
  // ImageKit retries a webhook for 24 hours.
  const expireAfterMs = duration('EXPIRE_AFTER', 25 * HOUR)
  return {
    overdueAfterMs: duration('RECONCILE_AFTER', 10 * MINUTE),
    reconcileEveryMs: duration('RECONCILE_EVERY', MINUTE),
    expireAfterMs,
    retentionMs: duration('RETENTION', 90 * 24 * HOUR),
    retentionRunsMs: parseRetentionRuns(variables, expireAfterMs),
  }
}

/**
 * A webhook for a deleted submission is rejected as unknown, so a submission is kept for as long as webhooks for it can arrive.
 */
function parseRetentionRuns(variables: Variables, expireAfterMs: number): number | null {
  const name = 'RETENTION_RUNS'
  if (variables.text(name) === undefined) return null
  const minMs = Math.max(expireAfterMs, 25 * HOUR)
  const ms = variables.parsed(name, minMs, positive(parseDurationMs), DURATION)
  if (ms < minMs) variables.addProblem(name, TOO_SHORT)
  return ms
}
