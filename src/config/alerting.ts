import { isPrivateHost } from '../domain/host-address.ts'
import { parseDurationMs, parseRate, positive } from '../domain/quantities.ts'
import type { Variables } from './variables.ts'

/** The webhook for alerts and the thresholds at which they fire. Times in milliseconds. */
export type AlertSettings = {
  url: string
  /** An alert fires if this many runs of one extension fail within this time. */
  failures: { count: number; withinMs: number }
  /** An alert fires if a run has been pending for this long. */
  pendingAgeMs: number
}

const DEFAULT_FAILURES = { count: 10, withinMs: 15 * 60_000 }
const DEFAULT_PENDING_AGE_MS = 2 * 3_600_000

/** Reads the variables for alerts. Returns null if alerts are disabled. */
export function parseAlerting(variables: Variables, warnings: string[]): AlertSettings | null {
  const url = variables.url('ALERT_WEBHOOK_URL', ['https:', 'http:'])
  if (url && (url.username !== '' || url.password !== ''))
    variables.addProblem('ALERT_WEBHOOK_URL', 'contains a user name or password; remove them')
  const failures = variables.parsed(
    'ALERT_FAILURES',
    DEFAULT_FAILURES,
    parseThreshold,
    'a rate such as 10/15m',
  )
  const pendingAgeMs = variables.parsed(
    'ALERT_PENDING_AGE',
    DEFAULT_PENDING_AGE_MS,
    positive(parseDurationMs),
    'a duration such as 30m or 2h',
  )
  if (url) {
    if (isPrivateHost(url.hostname) && !variables.flag('ALLOW_PRIVATE_TARGETS', false))
      warnings.push(
        'ALERT_WEBHOOK_URL has a private address; alerts are sent there only with ALLOW_PRIVATE_TARGETS=true',
      )
    return { url: url.href, failures, pendingAgeMs }
  }
  for (const name of ['ALERT_FAILURES', 'ALERT_PENDING_AGE'] as const)
    if (variables.text(name) !== undefined) warnings.push(`${name} has no effect without ALERT_WEBHOOK_URL`)
  return null
}

function parseThreshold(text: string): AlertSettings['failures'] | undefined {
  const rate = parseRate(text)
  return rate && rate.count > 0 ? rate : undefined
}
