import { z } from 'zod'
import type { FinalStatus, RunSource, RunStatus } from '../domain/run.ts'

/** RFC 3339 in UTC, with milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 })

/** A time in a request; parsed into milliseconds since the epoch. */
export const timeInputSchema = z.iso
  .datetime({ offset: true, message: 'must be a time such as 2026-11-24T18:00:00Z' })
  .transform((value) => Date.parse(value))

export const runStatusSchema = z.enum(['pending', 'success', 'failed', 'expired'] satisfies RunStatus[])
export const finalStatusSchema = z.enum(['success', 'failed'] satisfies FinalStatus[])
const runSourceSchema = z.enum([
  'request',
  'response',
  'webhook',
  'reconcile',
  'expiry',
] satisfies RunSource[])

export const runSchema = z
  .object({
    runId: z.string(),
    name: z.string(),
    status: runStatusSchema,
    source: runSourceSchema,
    attempt: z.int().min(1),
    submissionId: z.string(),
    requestedAt: timeSchema,
    settledAt: timeSchema.nullable().describe('Null while `pending` or `expired`.'),
    error: z.json(),
  })
  .meta({
    id: 'Run',
    description:
      "One extension of one submission. `error` is ImageKit's error unchanged, or null. An error over 16 KiB, or nested too deeply, is replaced by `{ truncated: true, bytes }`.",
  })

export const submissionKindSchema = z.enum(['upload', 'update', 'external'])
export const submissionStateSchema = z.enum(['submitting', 'accepted', 'rejected', 'unconfirmed'])
export const submissionErrorSchema = z
  .object({
    code: z.string(),
    message: z.string(),
    status: z.int().nullable(),
  })
  .meta({ id: 'SubmissionError' })

export const listedRunSchema = runSchema
  .extend({
    fileId: z.string().nullable(),
    fileName: z.string().nullable(),
    kind: submissionKindSchema,
    acknowledgedAt: timeSchema.nullable(),
    cause: z.string().nullable().describe('The cause by which failures are grouped; null unless it failed.'),
  })
  .meta({ id: 'ListedRun', description: 'A run as operators see it in a list.' })

export const runListSchema = z
  .object({ runs: z.array(listedRunSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'RunList' })

const fileVersionSchema = z.object({ id: z.string(), name: z.string().nullable() })

export const evidenceSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('new_ai_tags'),
      source: z.string(),
      before: z.array(z.string()),
      now: z.array(z.string()),
    }),
    z.object({ kind: z.literal('newer_version'), before: fileVersionSchema, now: fileVersionSchema }),
    z.object({ kind: z.literal('new_description'), before: z.string().nullable(), now: z.string() }),
  ])
  .meta({ id: 'Evidence', description: 'What shows that an extension has done its work.' })

export const statusReasonSchema = z
  .union([evidenceSchema, z.object({ kind: z.enum(['asset_gone', 'timed_out']) })])
  .meta({
    id: 'StatusReason',
    description: 'Why a run is `success` or `expired` although ImageKit did not report it.',
  })
