import type { z } from 'zod'
import { assetStatus, assetStatuses, linkedAssetStatus } from './asset.ts'
import { deliveryDetail, deliveryList, recordedDelivery } from './delivery.ts'
import {
  auditList,
  diagnostics,
  health,
  readiness,
  reconcileReport,
  retryPreview,
  retryProgress,
  stats,
} from './operations.ts'
import { problemDescription } from './problems.ts'
import { listedRun, runList } from './run.ts'
import { runDetail } from './run-detail.ts'
import { registeredSubmission, submission } from './submission.ts'

/** `json`: a body of this shape. Otherwise a body of this media type, or none. */
export type ResponseContract = { json: z.ZodType } | { mediaType: string } | { empty: true }

export type Operation = { responses: { [status: number]: ResponseContract } }

const ok = (json: z.ZodType): Operation => ({ responses: { 200: { json } } })

/**
 * Every successful response of the tracker's own routes, by method and path. Errors are problems (`problems.ts`). ImageKit's routes
 * return what ImageKit returns, so they are not here; neither are the pages under `/admin`.
 */
export const API: { [methodAndPath: string]: Operation } = {
  'POST /submissions': { responses: { 201: { json: registeredSubmission } } },
  'GET /submissions/:submissionId': {
    responses: { 200: { json: submission }, 304: { empty: true } },
  },
  'PUT /submissions/:submissionId/response': {
    responses: { 200: { json: linkedAssetStatus.or(submission) } },
  },
  'GET /submissions/:submissionId/events': {
    responses: { 200: { mediaType: 'text/event-stream' }, 204: { empty: true } },
  },
  'POST /webhooks/extension/:token': ok(recordedDelivery),
  'POST /webhooks/account': ok(recordedDelivery),
  'GET /assets/status': ok(assetStatuses),
  'GET /assets/:fileId/status': { responses: { 200: { json: assetStatus }, 304: { empty: true } } },
  'GET /assets/:fileId/events': {
    responses: { 200: { mediaType: 'text/event-stream' }, 204: { empty: true } },
  },
  'DELETE /assets/:fileId': { responses: { 204: { empty: true } } },
  'GET /runs': ok(runList),
  'POST /runs/retry': { responses: { 200: { json: retryPreview }, 202: { json: retryProgress } } },
  'GET /runs/:runId': ok(runDetail),
  'POST /runs/:runId/retry': { responses: { 201: { json: listedRun } } },
  'POST /runs/:runId/acknowledge': ok(listedRun),
  'GET /retries/:retryId': ok(retryProgress),
  'GET /deliveries': ok(deliveryList),
  'GET /deliveries/:deliveryId': ok(deliveryDetail),
  'POST /deliveries/:deliveryId/replay': ok(recordedDelivery),
  'GET /stats': ok(stats),
  'GET /audit': ok(auditList),
  'GET /doctor': ok(diagnostics),
  'POST /reconcile': ok(reconcileReport),
  'POST /backup': { responses: { 200: { mediaType: 'application/vnd.sqlite3' } } },
  'GET /healthz': ok(health),
  'GET /readyz': ok(readiness),
  'GET /metrics': { responses: { 200: { mediaType: 'text/plain' } } },
  'GET /problems/:code': ok(problemDescription),
}
