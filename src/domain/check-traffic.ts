import { type Check, fail, ok, warn } from './check.ts'
import type { RejectionCause } from './delivery.ts'
import { formatSpan } from './quantity-text.ts'

const SECRET = 'Compare IMAGEKIT_WEBHOOK_SECRET with the dashboard, start again, then replay them.'

/** What to do about webhooks that were refused for a cause. */
const REMEDIES = {
  forged_token:
    'If TRACKER_TOKEN_SECRET was changed, add the old one behind the new one for 25 h, then replay them; else somebody guesses addresses.',
  no_secret: 'Set IMAGEKIT_WEBHOOK_SECRET to the secret of the webhook in the dashboard, then replay them.',
  absent_signature:
    'Unset REQUIRE_EXTENSION_SIGNATURE if ImageKit signs no extension webhooks; see that no proxy removes headers.',
  malformed_signature: 'See what comes with: deliveries --outcome rejected. No webhook of ImageKit looks so.',
  bad_signature: SECRET,
  stale_signature: 'See that the clock is right, and that no proxy holds requests back.',
  not_json: 'See what comes with: deliveries --outcome rejected. No webhook of ImageKit looks so.',
  too_large: 'See what comes with: deliveries --outcome rejected. ImageKit sends less than 1 MiB.',
  broken_off: 'See that no proxy breaks connections off; ImageKit sends them again.',
  too_slow: 'See that no proxy holds bodies back; ImageKit sends them again.',
  unknown_submission:
    'This may be the wrong database: check that the volume of DATABASE_URL is mounted and is not an old backup. With the right database, ImageKit’s retries are applied; after a restore, replay the rejected ones.',
} as const satisfies { [cause in RejectionCause]: string }

/** Those of the last day. */
export function checkRejected(counts: readonly { cause: RejectionCause; count: number }[]): Check[] {
  const name = 'refused webhooks'
  if (counts.length === 0) return [ok(name, 'none in the last 24 h')]
  return counts.map(({ cause, count }) => {
    const report = cause === 'unknown_submission' ? fail : warn
    return report(name, `${count} in the last 24 h: ${cause}`, REMEDIES[cause])
  })
}

/** How long after the end of the window the reconciler has come to every run. */
const LATE_MS = 15 * 60_000
const LONG_MS = 2 * 3_600_000

export function checkPending(facts: {
  count: number
  oldestMs: number | null
  expireAfterMs: number
}): Check {
  const { count, oldestMs, expireAfterMs } = facts
  if (oldestMs === null) return ok('pending', 'nothing')
  const told = `${count} run(s), the oldest for ${formatSpan(oldestMs)}`
  if (oldestMs > expireAfterMs + LATE_MS)
    return fail(
      'pending',
      `${told}, though after ${formatSpan(expireAfterMs)} it should have expired`,
      'The reconciler does not come through: see the log, and whether ImageKit can be reached.',
    )
  if (oldestMs > LONG_MS)
    return warn(
      'pending',
      told,
      'Its webhook may be lost: see that PUBLIC_URL is reached, then: reconcile --dry-run',
    )
  return ok('pending', told)
}
