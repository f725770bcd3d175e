import { z } from 'zod'
import type { AuditKind } from '../domain/audit-entry.ts'
import { statusUrlsSchema } from './asset.ts'
import { deliveryCauseSchema, deliveryOutcomeSchema, deliverySchema } from './delivery.ts'
import {
  evidenceSchema,
  finalStatusSchema,
  listedRunSchema,
  runSchema,
  statusReasonSchema,
  submissionErrorSchema,
  submissionKindSchema,
  submissionStateSchema,
  timeSchema,
} from './run.ts'

export const auditKindSchema = z.enum([
  'retry',
  'retry_many',
  'acknowledge',
  'unacknowledge',
  'replay',
  'resend',
  'forget',
  'reconcile',
  'backup',
] satisfies AuditKind[])

/** One event of a run's life; the oldest comes first. Of the operators' actions, it includes only those on this run alone. */
const timelineEventSchema = z.discriminatedUnion('what', [
  z.object({
    at: timeSchema,
    what: z.literal('requested'),
    by: z.string().nullable(),
    kind: submissionKindSchema,
    attempt: z.int(),
  }),
  z.object({
    at: timeSchema,
    what: z.literal('responded'),
    state: submissionStateSchema,
    requestId: z.string().nullable(),
    error: submissionErrorSchema.nullable(),
  }),
  z.object({
    at: timeSchema,
    what: z.literal('delivery'),
    deliveryId: z.string(),
    outcome: deliveryOutcomeSchema,
    cause: deliveryCauseSchema.nullable(),
  }),
  z.object({
    at: timeSchema,
    what: z.literal('settled'),
    status: finalStatusSchema,
    source: runSchema.shape.source,
    error: z.json(),
    evidence: evidenceSchema.nullable(),
  }),
  z.object({
    at: timeSchema,
    what: z.literal('expired'),
    reason: z.enum(['asset_gone', 'timed_out']).nullable(),
  }),
  z.object({
    at: timeSchema,
    what: z.literal('notified'),
    attempt: z.int(),
    result: z.string().nullable(),
    reason: z.string().nullable(),
  }),
  z.object({ at: timeSchema, what: auditKindSchema, by: z.string(), reason: z.string().nullable() }),
])

/** A run with everything that is known about how it got its status. */
export const runDetailSchema = z.object({
  run: listedRunSchema.extend({
    contradicted: z.boolean(),
    /** The current run of this asset and extension, if it is another one. Null if this run is the current one, or there is none. */
    currentRunId: z.string().nullable(),
  }),
  submission: z.object({
    submissionId: z.string(),
    kind: submissionKindSchema,
    state: submissionStateSchema,
    fileId: z.string().nullable(),
    ...statusUrlsSchema.shape,
    error: submissionErrorSchema.nullable(),
    fileName: z.string().nullable(),
    /** The name of the key that made the request. */
    keyName: z.string().nullable(),
    /** ImageKit's `x-ik-requestId`. */
    requestId: z.string().nullable(),
    /** The extensions as they were requested. */
    requested: z.array(z.looseObject({ name: z.string() })),
  }),
  /** The run that this one retries. Null for a first attempt, and if that run is not found. */
  previous: z
    .object({ runId: z.string(), retriedBy: z.string().nullable(), reason: z.string().nullable() })
    .nullable(),
  /** The other runs of the submission. */
  siblings: z.array(runSchema),
  /** Those of its submission that name its extension, or none: the first 1,000, the oldest first. */
  deliveries: z.array(deliverySchema),
  /** The evidence that settled the run, or why it expired. Null if neither is the case. */
  evidence: statusReasonSchema.nullable(),
  timeline: z.array(timelineEventSchema),
})
