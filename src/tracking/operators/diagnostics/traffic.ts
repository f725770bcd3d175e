import type { RejectionCause } from '../../../domain/delivery.ts'
import { formatDuration } from '../../../domain/quantities.ts'
import { type Check, fail, ok, warn } from './check.ts'

const COMPARE_SECRETS =
  'Compare IMAGEKIT_WEBHOOK_SECRET with the secret in the dashboard, restart, then replay them.'

/** What to do about rejected webhooks, by cause. */
const REMEDIES = {
  forged_token:
    'If TRACKER_TOKEN_SECRET was changed, append the old one after a comma for 25 h, restart, then replay them; else someone is guessing URLs.',
  no_secret:
    'Set IMAGEKIT_WEBHOOK_SECRET to the secret of the webhook in the dashboard, restart, then replay them.',
  absent_signature:
    'Unset REQUIRE_EXTENSION_SIGNATURE if ImageKit does not sign extension webhooks; check that no proxy removes headers.',
  malformed_signature: 'Not a signature of ImageKit. Inspect with: deliveries --outcome rejected',
  bad_signature: COMPARE_SECRETS,
  stale_signature: 'Check that the clock is right, and that no proxy delays requests.',
  not_json: 'Not an ImageKit payload. Inspect with: deliveries --outcome rejected',
  too_large: 'ImageKit sends less than 1 MiB. Inspect with: deliveries --outcome rejected',
  broken_off: 'Check that no proxy closes connections early; ImageKit sends them again.',
  too_slow: 'Check that no proxy delays request bodies; ImageKit sends them again.',
  unknown_submission:
    'This may be the wrong database: check that the volume of DATABASE_URL is mounted, and that the database is not an old backup. With the right database, ImageKit’s retries are applied; after a restore, replay the rejected webhooks.',
} as const satisfies { [cause in RejectionCause]: string }

/** Checks the rejected webhooks of the last day. */
export function checkRejected(counts: readonly { cause: RejectionCause; count: number }[]): Check[] {
  const name = 'rejected webhooks'
  if (counts.length === 0) return [ok(name, 'none in the last 24 h')]
  return counts.map(({ cause, count }) => {
    const report = cause === 'unknown_submission' ? fail : warn
    return report(name, `${count} in the last 24 h: ${cause}`, REMEDIES[cause])
  })
}

/** A run may stay pending for at least this long after `EXPIRE_AFTER`: the reconciler needs some time to check all runs. */
const MIN_EXPIRY_SLACK_MS = 15 * 60_000

/** If a run has been pending for longer than this, its webhook may be lost. */
const WARN_AFTER_MS = 2 * 3_600_000

export function checkPending(facts: {
  count: number
  oldestMs: number | null
  expireAfterMs: number
  reconcileEveryMs: number
}): Check {
  const { count, oldestMs, expireAfterMs, reconcileEveryMs } = facts
  if (oldestMs === null) return ok('pending', 'none')
  const message = `${count} run(s), the oldest for ${formatDuration(oldestMs)}`
  // A run is checked once per `RECONCILE_EVERY`, so it may expire one interval late, plus the time of the pass.
  const slackMs = Math.max(MIN_EXPIRY_SLACK_MS, 2 * reconcileEveryMs)
  if (oldestMs > expireAfterMs + slackMs)
    return fail(
      'pending',
      `${message}, but it should have expired after ${formatDuration(expireAfterMs)}`,
      'The reconciler makes no progress: check the log, and that ImageKit is reachable.',
    )
  if (oldestMs > WARN_AFTER_MS)
    return warn(
      'pending',
      message,
      'Its webhook may be lost: check that PUBLIC_URL is reachable, then run: reconcile --dry-run',
    )
  return ok('pending', message)
}
