import { parseDurationMs, parseRate } from '../domain/quantities.ts'
import type { Variables } from './variables.ts'

const DURATION = 'a duration such as 10m or 25h'

/**
 * Variables whose work this version does not do yet: they are read and checked, and told rather than passed over.
 * Returns a sentence for each that is set.
 */
export function checkPlanned(variables: Variables): string[] {
  variables.parsed('ALERT_FAILURES', undefined, parseRate, 'a rate such as 10/15m')
  variables.parsed('ALERT_PENDING_AGE', 0, parseDurationMs, DURATION)
  variables.flag('METRICS_PUBLIC', false)
  variables.parsed('IMAGEKIT_PASSTHROUGH', 'off', parsePassthrough, 'off, read or all')
  return PLANNED.filter((name) => variables.text(name) !== undefined).map(
    (name) => `${name} has no effect yet`,
  )
}

const PLANNED = [
  'ALERT_WEBHOOK_URL',
  'ALERT_FAILURES',
  'ALERT_PENDING_AGE',
  'METRICS_PUBLIC',
  'IMAGEKIT_PASSTHROUGH',
]

function parsePassthrough(text: string): string | undefined {
  return ['off', 'read', 'all'].find((word) => word === text)
}
