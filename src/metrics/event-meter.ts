import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { DeliveryOutcome, DeliveryRoute, RejectionCause } from '../domain/delivery.ts'
import type { ErrorCode } from '../domain/errors.ts'
import type { Finding } from '../domain/finding.ts'
import type { NotificationResult } from '../domain/notification.ts'
import { createLightCounter } from './light-counter.ts'

const UPLOAD_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800]
const UPLOAD_BYTES = [2 ** 14, 2 ** 17, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28, 2 ** 30, 2 ** 31]

const ROUTES = ['extension', 'account'] as const satisfies readonly DeliveryRoute[]
const OUTCOMES = ['applied', 'duplicate', 'contradicted', 'ignored', 'rejected'] as const

export type EventMeter = ReturnType<typeof createEventMeter>

/** What the rest of the program tells as it happens. Each word is one that the domain has, so the labels are few. */
export function createEventMeter(registry: Registry) {
  const registers = [registry]
  const deliveries = createLightCounter({
    name: 'tracker_deliveries_total',
    help: 'Deliveries that were received, replays among them, by route and outcome.',
    labelNames: ['route', 'outcome'],
    registers,
  })
  const refused = new Counter({
    name: 'tracker_deliveries_refused_total',
    help: 'Deliveries that were refused, by route and cause.',
    labelNames: ['route', 'cause'],
    registers,
  })
  const notTaken = new Counter({
    name: 'tracker_deliveries_not_taken_total',
    help: 'Deliveries that the store could not take; their sender was asked to send them again.',
    labelNames: ['cause'],
    registers,
  })
  const reconciled = new Counter({
    name: 'tracker_reconciled_runs_total',
    help: 'Overdue runs that were looked at, by what was found.',
    labelNames: ['finding'],
    registers,
  })
  const notified = new Counter({
    name: 'tracker_notification_attempts_total',
    help: 'Attempts to tell callers, by how they ended.',
    labelNames: ['result'],
    registers,
  })
  const uploadsUnderWay = new Gauge({
    name: 'tracker_uploads_under_way',
    help: 'Uploads that are under way.',
    registers,
  })
  const uploadSeconds = new Histogram({
    name: 'tracker_upload_seconds',
    help: 'How long uploads took until they were answered, by the class of the status.',
    labelNames: ['status'],
    buckets: UPLOAD_SECONDS,
    registers,
  })
  const uploadBytes = new Histogram({
    name: 'tracker_upload_bytes',
    help: 'How many bytes of the form of an upload were received.',
    buckets: UPLOAD_BYTES,
    registers,
  })

  const outcomes = byWord(OUTCOMES, (outcome) => byWord(ROUTES, (route) => deliveries.child(route, outcome)))
  return {
    deliveryRecorded: (route: DeliveryRoute, outcome: DeliveryOutcome) => outcomes[outcome][route](),
    deliveryRefused(route: DeliveryRoute, cause: RejectionCause) {
      outcomes.rejected[route]()
      refused.labels(route, cause).inc()
    },
    deliveryNotTaken: (cause: ErrorCode | 'internal') => notTaken.labels(cause).inc(),
    runReconciled: (finding: Finding['kind']) => reconciled.labels(finding).inc(),
    notificationTried: (result: NotificationResult['kind']) => notified.labels(result).inc(),
    uploadBegan: () => uploadsUnderWay.inc(),
    uploadEnded({ status, seconds, bytes }: { status: number; seconds: number; bytes: number }) {
      uploadsUnderWay.dec()
      uploadSeconds.labels(`${Math.floor(status / 100)}xx`).observe(seconds)
      uploadBytes.observe(bytes)
    },
  }
}

/** A value for each word. Asking for it makes its line appear from the start, at 0. */
function byWord<Word extends string, T>(
  words: readonly Word[],
  make: (word: Word) => T,
): { [word in Word]: T } {
  return Object.fromEntries(words.map((word) => [word, make(word)])) as { [word in Word]: T }
}
