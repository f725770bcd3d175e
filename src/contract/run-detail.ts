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

const timelineEventSchema = z
  .discriminatedUnion('what', [
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
  .meta({
    id: 'TimelineEvent',
    description:
      "One event of a run's life; the oldest comes first. Of the operators' actions, it includes only those on this run alone.",
  })

export const runDetailSchema = z
  .object({
    run: listedRunSchema.extend({
      contradicted: z.boolean(),
      currentRunId: z
        .string()
        .nullable()
        .describe(
          'The current run of this asset and extension, if it is another one. Null if this run is the current one, or there is none.',
        ),
    }),
    submission: z.object({
      submissionId: z.string(),
      kind: submissionKindSchema,
      state: submissionStateSchema,
      fileId: z.string().nullable(),
      ...statusUrlsSchema.shape,
      error: submissionErrorSchema.nullable(),
      fileName: z.string().nullable(),
      keyName: z.string().nullable().describe('The name of the key that made the request.'),
      requestId: z.string().nullable().describe("ImageKit's `x-ik-requestId`."),
      requested: z
        .array(z.looseObject({ name: z.string() }))
        .describe('The extensions as they were requested.'),
    }),
    /** The run that this one retries. Null for a first attempt, and if that run is not found. */
    previous: z
      .object({ runId: z.string(), retriedBy: z.string().nullable(), reason: z.string().nullable() })
      .nullable(),
    siblings: z.array(runSchema).describe('The other runs of the submission.'),
    deliveries: z
      .array(deliverySchema)
      .describe(
        'Those of its submission that name its extension, or none: the first 1,000, the oldest first.',
      ),
    evidence: statusReasonSchema
      .nullable()
      .describe('The evidence that settled the run, or why it expired. Null if neither is the case.'),
    timeline: z.array(timelineEventSchema),
  })
  .meta({ id: 'RunDetail', description: 'A run with everything that is known about how it got its status.' })
