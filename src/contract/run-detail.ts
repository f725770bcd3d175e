import { z } from 'zod'
import type { AuditKind } from '../domain/audit-entry.ts'
import { statusUrls } from './asset.ts'
import { delivery, deliveryCause, deliveryOutcome } from './delivery.ts'
import {
  evidence,
  finalStatus,
  listedRun,
  run,
  statusReason,
  submissionError,
  submissionKind,
  submissionState,
  time,
} from './run.ts'

export const auditKind = z.enum([
  'retry',
  'retry_many',
  'acknowledge',
  'replay',
  'forget',
  'reconcile',
  'backup',
] satisfies AuditKind[])

/** One event of a run's life; the oldest comes first. */
const timelineEvent = z.discriminatedUnion('what', [
  z.object({
    at: time,
    what: z.literal('requested'),
    by: z.string().nullable(),
    kind: submissionKind,
    attempt: z.int(),
  }),
  z.object({
    at: time,
    what: z.literal('answered'),
    state: submissionState,
    requestId: z.string().nullable(),
    error: submissionError.nullable(),
  }),
  z.object({
    at: time,
    what: z.literal('delivery'),
    deliveryId: z.string(),
    outcome: deliveryOutcome,
    cause: deliveryCause.nullable(),
  }),
  z.object({
    at: time,
    what: z.literal('settled'),
    status: finalStatus,
    source: run.shape.source,
    error: z.json(),
    evidence: evidence.nullable(),
  }),
  z.object({
    at: time,
    what: z.literal('expired'),
    reason: z.enum(['asset_gone', 'timed_out']).nullable(),
  }),
  z.object({
    at: time,
    what: z.literal('told'),
    attempt: z.int(),
    result: z.string().nullable(),
    reason: z.string().nullable(),
  }),
  z.object({ at: time, what: auditKind, by: z.string(), reason: z.string().nullable() }),
])

/** A run with everything that is known about how it got its status. */
export const runDetail = z.object({
  run: listedRun.extend({ contradicted: z.boolean(), currentRunId: z.string().nullable() }),
  submission: z.object({
    submissionId: z.string(),
    kind: submissionKind,
    state: submissionState,
    fileId: z.string().nullable(),
    ...statusUrls.shape,
    error: submissionError.nullable(),
    fileName: z.string().nullable(),
    /** The name of the key that requested it. */
    keyName: z.string().nullable(),
    /** ImageKit's `x-ik-requestId`. */
    requestId: z.string().nullable(),
    /** The extensions as they were requested. */
    requested: z.array(z.looseObject({ name: z.string() })),
  }),
  /** The run that this one retries; null for a first attempt. */
  previous: z
    .object({ runId: z.string(), retriedBy: z.string().nullable(), reason: z.string().nullable() })
    .nullable(),
  siblings: z.array(run),
  deliveries: z.array(delivery),
  evidence: statusReason.nullable(),
  timeline: z.array(timelineEvent),
})
