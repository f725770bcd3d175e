import { type Alert, type AlertRule, evaluateAlert } from '../../domain/alert.ts'
import type { Lease } from '../../domain/decide/lease.ts'
import type { Store } from '../../store/store.ts'

export type AlertThresholds = { failures: { count: number; withinMs: number }; pendingAgeMs: number }

export type EvaluateAlertsDeps = {
  store: Pick<Store, 'countFailures' | 'countRejected' | 'findOldestPending' | 'listAlerts' | 'saveAlerts'>
  thresholds: AlertThresholds
  clock: () => number
  newId: () => string
}

/** Counting an extension's failures stops at this number, or at a higher threshold. From this number on, a message says "at least". */
export const MAX_COUNTED = 10_000

/**
 * When `unknown_submission` fires. A single webhook is enough: it may be the first of many that are lost because the database is the
 * wrong one.
 */
export const UNKNOWN_SUBMISSIONS = { count: 1, withinMs: 3_600_000 }

/**
 * Evaluates the alerts and saves those that have changed. Returns the alerts that have not been reported yet; none if they could
 * not be saved because the lease was lost.
 */
export async function evaluateAlerts(
  { store, thresholds, clock, newId }: EvaluateAlertsDeps,
  lease: Lease,
): Promise<Alert[]> {
  const { failures, pendingAgeMs } = thresholds
  const now = clock()
  const [counts, rejected, oldest, alerts] = await Promise.all([
    store.countFailures(now - failures.withinMs, Math.max(failures.count, MAX_COUNTED)),
    store.countRejected(now - UNKNOWN_SUBMISSIONS.withinMs),
    store.findOldestPending(),
    store.listAlerts(),
  ])
  // Extensions with an alert come first, in the order of their alerts, so that the oldest of these alerts is reported first.
  // They are included even without failures: an alert whose failures are all gone, for example with a forgotten asset, resolves.
  const known = alerts
    .filter(({ kind }) => kind === 'failures')
    .map(({ extension }) => [extension, 0] as const)
  const counted = new Map([...known, ...counts.map(({ extension, count }) => [extension, count] as const)])
  const age = oldest ? Math.max(now - oldest.requestedAt, 0) : 0
  const failuresRule: AlertRule = { threshold: failures.count, calmMs: failures.withinMs }
  // After half of `pendingAgeMs` below the threshold, but at least half of it, the alert resolves.
  const ageRule: AlertRule = { threshold: pendingAgeMs, calmMs: pendingAgeMs / 2 }
  const unknown = rejected.find(({ cause }) => cause === 'unknown_submission')?.count ?? 0
  const unknownRule: AlertRule = {
    threshold: UNKNOWN_SUBMISSIONS.count,
    calmMs: UNKNOWN_SUBMISSIONS.withinMs,
  }
  const evaluated = [
    ...[...counted].map(([extension, value]) =>
      evaluate({ kind: 'failures', extension, value } as const, failuresRule),
    ),
    evaluate({ kind: 'oldest_pending', extension: '', value: age } as const, ageRule),
    evaluate({ kind: 'unknown_submission', extension: '', value: unknown } as const, unknownRule),
  ].flatMap((alert) => alert ?? [])

  function evaluate(
    measured: Pick<Alert, 'kind' | 'extension' | 'value'>,
    rule: AlertRule,
  ): Alert | undefined {
    const before = alerts.find(
      ({ kind, extension }) => kind === measured.kind && extension === measured.extension,
    )
    return evaluateAlert(before, measured, rule, { now, newId })
  }
  const changed = evaluated.filter((alert) => !alerts.includes(alert))
  if (changed.length > 0 && (await store.saveAlerts(lease, changed)) === null) return []
  return evaluated.filter(({ isReported }) => !isReported)
}
