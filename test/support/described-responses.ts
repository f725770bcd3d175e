import type { z } from 'zod'
import { assetStatusesSchema, assetStatusSchema, linkedAssetStatusSchema } from '../../src/contract/asset.ts'
import {
  deliveryDetailSchema,
  deliveryListSchema,
  recordedDeliverySchema,
} from '../../src/contract/delivery.ts'
import {
  auditListSchema,
  diagnosticsSchema,
  healthSchema,
  readinessSchema,
  reconcileReportSchema,
  retryPreviewSchema,
  retryProgressSchema,
  statsSchema,
} from '../../src/contract/operations.ts'
import { problemDescriptionSchema } from '../../src/contract/problems.ts'
import { listedRunSchema, runListSchema } from '../../src/contract/run.ts'
import { runDetailSchema } from '../../src/contract/run-detail.ts'
import { registeredSubmissionSchema, submissionSchema } from '../../src/contract/submission.ts'

/** `json`: a body of this shape. Otherwise a body of this media type, or none. */
export type DescribedResponse = { json: z.ZodType } | { mediaType: string } | { empty: true }

type Operation = { responses: { [status: number]: DescribedResponse } }

const ok = (json: z.ZodType): Operation => ({ responses: { 200: { json } } })

/**
 * Every successful response of the tracker's own routes, by method and path. Errors are problems (`problems.ts`). ImageKit's routes
 * return what ImageKit returns, so they are not here; neither are the pages under `/admin`.
 */
export const RESPONSES: { [methodAndPath: string]: Operation } = {
  'POST /submissions': { responses: { 201: { json: registeredSubmissionSchema } } },
  'GET /submissions/:submissionId': {
    responses: { 200: { json: submissionSchema }, 304: { empty: true } },
  },
  'PUT /submissions/:submissionId/response': {
    responses: { 200: { json: linkedAssetStatusSchema.or(submissionSchema) } },
  },
  'GET /submissions/:submissionId/events': {
    responses: { 200: { mediaType: 'text/event-stream' }, 204: { empty: true } },
  },
  'POST /webhooks/extension/:token': ok(recordedDeliverySchema),
  'POST /webhooks/account': ok(recordedDeliverySchema),
  'GET /assets/status': ok(assetStatusesSchema),
  'GET /assets/:fileId/status': { responses: { 200: { json: assetStatusSchema }, 304: { empty: true } } },
  'GET /assets/:fileId/events': {
    responses: { 200: { mediaType: 'text/event-stream' }, 204: { empty: true } },
  },
  'DELETE /assets/:fileId': { responses: { 204: { empty: true } } },
  'GET /runs': ok(runListSchema),
  'POST /runs/retry': {
    responses: { 200: { json: retryPreviewSchema }, 202: { json: retryProgressSchema } },
  },
  'GET /runs/:runId': ok(runDetailSchema),
  'POST /runs/:runId/retry': { responses: { 201: { json: listedRunSchema } } },
  'POST /runs/:runId/acknowledge': ok(listedRunSchema),
  'GET /retries/:retryId': ok(retryProgressSchema),
  'GET /deliveries': ok(deliveryListSchema),
  'GET /deliveries/:deliveryId': ok(deliveryDetailSchema),
  'POST /deliveries/:deliveryId/replay': ok(recordedDeliverySchema),
  'GET /stats': ok(statsSchema),
  'GET /audit': ok(auditListSchema),
  'GET /doctor': ok(diagnosticsSchema),
  'POST /reconcile': ok(reconcileReportSchema),
  'POST /backup': { responses: { 200: { mediaType: 'application/vnd.sqlite3' } } },
  'GET /healthz': ok(healthSchema),
  'GET /readyz': ok(readinessSchema),
  'GET /metrics': { responses: { 200: { mediaType: 'text/plain' } } },
  'GET /problems/:code': ok(problemDescriptionSchema),
}
