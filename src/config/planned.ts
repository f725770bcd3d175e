import { parseDurationMs, parseRate, positive } from './quantities.ts'
import type { Variables } from './variables.ts'

const DURATION = 'a duration such as 10m or 25h'

/**
 * Variables whose work this version does not do yet: they are read and checked, and told rather than passed over.
 * Returns a sentence for each that is set.
 */
export function checkPlanned(variables: Variables): string[] {
  variables.parsed('RECONCILE_AFTER', 0, parseDurationMs, DURATION)
  variables.parsed('RECONCILE_EVERY', 0, positive(parseDurationMs), DURATION)
  variables.parsed('EXPIRE_AFTER', 0, parseDurationMs, DURATION)
  variables.parsed('RETENTION', 0, parseDurationMs, DURATION)
  variables.parsed('ALERT_FAILURES', undefined, parseRate, 'a rate such as 10/15m')
  variables.parsed('ALERT_PENDING_AGE', 0, parseDurationMs, DURATION)
  variables.flag('ALLOW_PRIVATE_TARGETS', false)
  variables.flag('METRICS_PUBLIC', false)
  variables.parsed('IMAGEKIT_PASSTHROUGH', 'off', parsePassthrough, 'off, read or all')
  if (variables.flag('REQUIRE_EXTENSION_SIGNATURE', false))
    variables.problem(
      'REQUIRE_EXTENSION_SIGNATURE',
      'signatures are not checked yet, so none can be required',
    )
  return PLANNED.filter((name) => variables.text(name) !== undefined).map(
    (name) => `${name} has no effect yet`,
  )
}

const PLANNED = [
  'IMAGEKIT_WEBHOOK_SECRET',
  'TRACKER_WEBHOOK_SECRET',
  'ALLOW_PRIVATE_TARGETS',
  'ALERT_WEBHOOK_URL',
  'ALERT_FAILURES',
  'ALERT_PENDING_AGE',
  'RECONCILE_AFTER',
  'RECONCILE_EVERY',
  'EXPIRE_AFTER',
  'RETENTION',
  'TRUSTED_PROXIES',
  'METRICS_PUBLIC',
  'IMAGEKIT_PASSTHROUGH',
]

function parsePassthrough(text: string): string | undefined {
  return ['off', 'read', 'all'].find((word) => word === text)
}
