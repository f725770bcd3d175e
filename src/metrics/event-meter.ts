import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { DeliveryOutcome, DeliveryRoute, RejectionCause } from '../domain/delivery.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Finding } from '../domain/finding.ts'
import type { NotificationResult } from '../domain/notification.ts'

const UPLOAD_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
const UPLOAD_BYTES = [2 ** 14, 2 ** 17, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28, 2 ** 30, 2 ** 31]

const ROUTES = ['extension', 'account'] as const satisfies readonly DeliveryRoute[]
const OUTCOMES = ['applied', 'duplicate', 'contradicted', 'ignored', 'rejected'] as const
const CAUSES: { [cause in RejectionCause]: null } = {
  forged_token: null,
  no_secret: null,
  absent_signature: null,
  malformed_signature: null,
  bad_signature: null,
  stale_signature: null,
  not_json: null,
  too_large: null,
  broken_off: null,
  too_slow: null,
  unknown_submission: null,
}
const FINDINGS: { [finding in Finding['kind']]: null } = {
  evidence: null,
  asset_gone: null,
  timed_out: null,
  unchanged: null,
}
const RESULTS: { [result in NotificationResult['kind']]: null } = {
  delivered: null,
  again: null,
  gone: null,
  rejected: null,
  given_up: null,
}

export type EventMeter = ReturnType<typeof createEventMeter>

/**
 * Metrics of events, which the rest of the program reports as they happen. Label values come from closed sets, so there are few of
 * them.
 */
export function createEventMeter(registry: Registry) {
  const registers = [registry]
  const deliveries = new Counter({
    name: 'tracker_deliveries_total',
    help: 'Received deliveries, by route and outcome. Includes replays, unless they are rejected again.',
    labelNames: ['route', 'outcome'],
    registers,
  })
  const rejected = new Counter({
    name: 'tracker_deliveries_rejected_total',
    help: 'Rejected deliveries, by route and cause.',
    labelNames: ['route', 'cause'],
    registers,
  })
  const notRecorded = new Counter({
    name: 'tracker_deliveries_not_taken_total',
    help: 'Deliveries that the store could not record, by cause. The sender gets an error, so that it can retry.',
    labelNames: ['cause'],
    registers,
  })
  const reconciled = new Counter({
    name: 'tracker_reconciled_runs_total',
    help: 'Checks of runs by the reconciler, by finding. Excludes findings that no longer applied to their run.',
    labelNames: ['finding'],
    registers,
  })
  const notified = new Counter({
    name: 'tracker_notification_attempts_total',
    help: 'Attempts to notify callers, by result.',
    labelNames: ['result'],
    registers,
  })
  const uploadsInProgress = new Gauge({
    name: 'tracker_uploads_under_way',
    help: 'Uploads in progress.',
    registers,
  })
  const uploadSeconds = new Histogram({
    name: 'tracker_upload_seconds',
    help: 'Time until the response to an upload, by class of the status code.',
    labelNames: ['status'],
    buckets: UPLOAD_SECONDS,
    registers,
  })
  const uploadBytes = new Histogram({
    name: 'tracker_upload_bytes',
    help: 'Bytes received of the form of an upload.',
    buckets: UPLOAD_BYTES,
    registers,
  })

  // What has not occurred yet is exported as 0, so that its first increase is visible.
  for (const route of ROUTES) {
    for (const outcome of OUTCOMES) deliveries.labels(route, outcome).inc(0)
    for (const cause of Object.keys(CAUSES)) rejected.labels(route, cause).inc(0)
  }
  for (const cause of ['store_unavailable', 'internal']) notRecorded.labels(cause).inc(0)
  for (const finding of Object.keys(FINDINGS)) reconciled.labels(finding).inc(0)
  for (const result of Object.keys(RESULTS)) notified.labels(result).inc(0)
  for (const status of ['2xx', '4xx', '5xx']) uploadSeconds.zero({ status })

  return {
    deliveryRecorded: (route: DeliveryRoute, outcome: DeliveryOutcome) =>
      deliveries.labels(route, outcome).inc(),
    deliveryRejected(route: DeliveryRoute, cause: RejectionCause) {
      deliveries.labels(route, 'rejected').inc()
      rejected.labels(route, cause).inc()
    },
    deliveryNotRecorded: (cause: ErrorCode | 'internal') => notRecorded.labels(cause).inc(),
    runReconciled: (finding: Finding['kind']) => reconciled.labels(finding).inc(),
    notificationAttempted: (result: NotificationResult['kind']) => notified.labels(result).inc(),
    uploadBegan: () => uploadsInProgress.inc(),
    uploadEnded({ status, seconds, bytes }: { status: number; seconds: number; bytes: number }) {
      uploadsInProgress.dec()
      uploadSeconds.labels(`${Math.floor(status / 100)}xx`).observe(seconds)
      uploadBytes.observe(bytes)
    },
  }
}
