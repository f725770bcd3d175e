import { z } from 'zod'
import { time } from './run.ts'
import { auditKind } from './run-detail.ts'

const count = z.int().min(0)
const countsByStatus = z.object({ pending: count, success: count, failed: count, expired: count })

export const stats = z.object({
  /** In hours, such as `24h`. */
  window: z.string(),
  /** `pending`: now. The others: within the window. */
  byStatus: countsByStatus,
  byExtension: z.record(z.string(), countsByStatus),
  byHour: z.array(z.object({ hour: time, success: count, failed: count, expired: count })),
  /** Of the failures in the window, the most frequent first. */
  causes: z.array(z.object({ extension: z.string(), cause: z.string(), count })),
  oldestPendingAt: time.nullable(),
  settleSeconds: z.object({ p50: z.number().nullable(), p95: z.number().nullable() }),
})

export const auditList = z.object({
  entries: z.array(
    z.object({
      at: time,
      /** The name of the operator's key. */
      actor: z.string(),
      kind: auditKind,
      /** The id of what was changed; null if it was more than one. */
      subject: z.string().nullable(),
      reason: z.string().nullable(),
      details: z.record(z.string(), z.json()).nullable(),
    }),
  ),
  nextCursor: z.string().nullable(),
})

export const retryPreview = z.object({
  total: count,
  /** In ImageKit's extension units, for the runs whose price is known. */
  units: count,
  unpriced: count,
})

export const retryProgress = z.object({
  retryId: z.string(),
  total: count,
  done: count,
  /** How many of those done were not clearly accepted. */
  failed: count,
  state: z.enum(['running', 'done']),
  results: z.object({ ...countsByStatus.shape, rejected: count, unconfirmed: count }),
  /** The first 100 of those that `failed` counts. */
  notTaken: z.array(
    z.object({
      runId: z.string(),
      name: z.string(),
      state: z.enum(['waiting', 'submitting', 'accepted', 'failed', 'unconfirmed']),
      reason: z.string().nullable(),
    }),
  ),
})

export const reconcileReport = z.object({
  runs: z.array(
    z.object({
      runId: z.string(),
      fileId: z.string().nullable(),
      extension: z.string(),
      finding: z.enum(['evidence', 'asset_gone', 'timed_out', 'unchanged']),
      why: z.string(),
    }),
  ),
  /** How long ImageKit asked us to wait, in milliseconds. */
  holdMs: z.number().nullable(),
  /** Why the other due runs were not checked; null if all were. */
  stoppedBy: z.string().nullable(),
})

export const diagnostics = z.object({
  instanceId: z.string(),
  publicUrl: z.url(),
  version: z.string(),
  node: z.string(),
  now: time,
  checks: z.array(
    z.object({
      name: z.string(),
      level: z.enum(['ok', 'warn', 'fail']),
      message: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
})

export const health = z.object({ status: z.literal('ok') })

export const readiness = z.object({
  status: z.literal('ready'),
  store: z.literal('ok'),
  migrations: z.literal('ok'),
  answersWaiting: count,
  imagekit: z.string(),
})
