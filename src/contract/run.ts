import { z } from 'zod'
import type { FinalStatus, RunSource, RunStatus } from '../domain/run.ts'

/** RFC 3339 in UTC, with milliseconds. */
export const time = z.iso.datetime({ precision: 3 })

export const runStatus = z.enum(['pending', 'success', 'failed', 'expired'] satisfies RunStatus[])
export const finalStatus = z.enum(['success', 'failed'] satisfies FinalStatus[])
const runSource = z.enum(['request', 'response', 'webhook', 'reconcile', 'expiry'] satisfies RunSource[])

/** One extension of one submission. `error` is ImageKit's error object verbatim, or null. */
export const run = z.object({
  runId: z.string(),
  name: z.string(),
  status: runStatus,
  source: runSource,
  attempt: z.int().min(1),
  submissionId: z.string(),
  requestedAt: time,
  /** Null while `pending` and `expired`. */
  settledAt: time.nullable(),
  error: z.json(),
})

export const submissionKind = z.enum(['upload', 'update', 'external'])
export const submissionState = z.enum(['submitting', 'accepted', 'rejected', 'unconfirmed'])
export const submissionError = z.object({
  code: z.string(),
  message: z.string(),
  status: z.int().nullable(),
})

/** A run in the lists for operators. */
export const listedRun = run.extend({
  fileId: z.string().nullable(),
  fileName: z.string().nullable(),
  kind: submissionKind,
  acknowledgedAt: time.nullable(),
  /** Why it failed, in the words by which failures are grouped; null unless it failed. */
  cause: z.string().nullable(),
})

export const runList = z.object({ runs: z.array(listedRun), nextCursor: z.string().nullable() })

const fileVersion = z.object({ id: z.string(), name: z.string().nullable() })

/** What shows that an extension has done its work. */
export const evidence = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('new_ai_tags'),
    source: z.string(),
    before: z.array(z.string()),
    now: z.array(z.string()),
  }),
  z.object({ kind: z.literal('newer_version'), before: fileVersion, now: fileVersion }),
  z.object({ kind: z.literal('new_description'), before: z.string().nullable(), now: z.string() }),
])

/** Why a run is `success` or `expired` without a report of ImageKit's. */
export const statusReason = z.union([evidence, z.object({ kind: z.enum(['asset_gone', 'timed_out']) })])
