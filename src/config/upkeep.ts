import type { KeyObject } from 'node:crypto'
import { parseDurationMs, positive } from '../domain/quantities.ts'
import { parseSecretList } from './secrets.ts'
import { parseSigningSecrets } from './signing-secrets.ts'
import type { Variables } from './variables.ts'

/** The settings of the background jobs. All times in milliseconds. */
export type Upkeep = {
  overdueAfterMs: number
  reconcileEveryMs: number
  expireAfterMs: number
  retentionMs: number
  /** Null: submissions are kept for ever. */
  retentionRunsMs: number | null
}

const DURATION = 'a duration such as 10m or 25h'
const TOO_SHORT = 'must be at least 25h and at least EXPIRE_AFTER, because webhooks can arrive until then'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

export function parseUpkeep(variables: Variables): Upkeep {
  const duration = (name: string, fallbackMs: number) =>
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

/** A webhook for a deleted submission counts as one for an unknown submission, so submissions that can still get one are kept. */
function parseRetentionRuns(variables: Variables, expireAfterMs: number): number | null {
  const name = 'RETENTION_RUNS'
  if (variables.text(name) === undefined) return null
  const minMs = Math.max(expireAfterMs, 25 * HOUR)
  const ms = variables.parsed(name, minMs, positive(parseDurationMs), DURATION)
  if (ms < minMs) variables.problem(name, TOO_SHORT)
  return ms
}

/** The settings of the notifications to callers' `webhookUrl`s. */
export type Notifying = { secrets: KeyObject[]; allowPrivateTargets: boolean }

export function parseNotifying(variables: Variables, warnings: string[]): Notifying {
  const text = variables.text('TRACKER_WEBHOOK_SECRET')
  const { secrets, problems } = text === undefined ? { secrets: [], problems: [] } : parseSigningSecrets(text)
  for (const problem of problems) variables.problem('TRACKER_WEBHOOK_SECRET', problem)
  if (text === undefined)
    warnings.push('TRACKER_WEBHOOK_SECRET is not set: notifications to callers are not signed')
  return { secrets, allowPrivateTargets: variables.flag('ALLOW_PRIVATE_TARGETS', false) }
}

/** The secrets that verify ImageKit's webhooks, and whether extension webhooks must be signed. */
export type Signatures = { secrets: string[]; requireOnExtensions: boolean }

export function parseSignatures(variables: Variables): Signatures {
  const secrets = parseSecretList(variables, 'IMAGEKIT_WEBHOOK_SECRET')
  const requireOnExtensions = variables.flag('REQUIRE_EXTENSION_SIGNATURE', false)
  if (requireOnExtensions && secrets.length === 0)
    variables.problem(
      'REQUIRE_EXTENSION_SIGNATURE',
      'needs IMAGEKIT_WEBHOOK_SECRET, or every delivery would be rejected',
    )
  return { secrets, requireOnExtensions }
}
