import { z } from 'zod'
import { parseDurationMs } from '../domain/quantities.ts'
import { timeSchema } from './run.ts'
import { auditKindSchema } from './run-detail.ts'

const countSchema = z.int().min(0)
export const countsByStatusSchema = z.object({
  pending: countSchema,
  success: countSchema,
  failed: countSchema,
  expired: countSchema,
})

const MAX_WINDOW_MS = 90 * 86_400_000

/** `window`: how long before now the statistics begin; parsed into milliseconds. */
export const statsQuerySchema = z.strictObject({
  window: z
    .string()
    .default('24h')
    .transform((text, context) => {
      const ms = parseDurationMs(text)
      if (ms !== undefined && ms > 0 && ms <= MAX_WINDOW_MS) return ms
      context.addIssue({ code: 'custom', message: 'must be a duration such as 24h or 7d, at most 90d' })
      return z.NEVER
    }),
})

export const statsSchema = z.object({
  /** In hours, such as `24h`. */
  window: z.string(),
  /** `pending`: now. The others: within the window. */
  byStatus: countsByStatusSchema,
  byExtension: z.record(z.string(), countsByStatusSchema),
  byHour: z.array(
    z.object({ hour: timeSchema, success: countSchema, failed: countSchema, expired: countSchema }),
  ),
  /** Of the failures in the window, the most frequent first. */
  causes: z.array(z.object({ extension: z.string(), cause: z.string(), count: countSchema })),
  oldestPendingAt: timeSchema.nullable(),
  settleSeconds: z.object({ p50: z.number().nullable(), p95: z.number().nullable() }),
})

export const auditListSchema = z.object({
  entries: z.array(
    z.object({
      at: timeSchema,
      /** The name of the operator's key. */
      actor: z.string(),
      kind: auditKindSchema,
      /** The id of what was changed; null if it was more than one. */
      subject: z.string().nullable(),
      reason: z.string().nullable(),
      details: z.record(z.string(), z.json()).nullable(),
    }),
  ),
  nextCursor: z.string().nullable(),
})

export const retryPreviewSchema = z.object({
  total: countSchema,
  /** In ImageKit's extension units, for the runs whose price is known. */
  units: countSchema,
  unpriced: countSchema,
})

export const retryProgressSchema = z.object({
  retryId: z.string(),
  total: countSchema,
  done: countSchema,
  /** The number of ended items that were not clearly accepted. */
  failed: countSchema,
  state: z.enum(['running', 'done']),
  results: z.object({ ...countsByStatusSchema.shape, rejected: countSchema, unconfirmed: countSchema }),
  /** The first 100 of those that `failed` counts. */
  notAccepted: z.array(
    z.object({
      runId: z.string(),
      name: z.string(),
      state: z.enum(['waiting', 'submitting', 'accepted', 'failed', 'unconfirmed']),
      reason: z.string().nullable(),
    }),
  ),
})

/** `dryRun`: only report what would change. */
export const reconcileRequestSchema = z.strictObject({ dryRun: z.boolean('must be true or false') })

export const reconcileReportSchema = z.object({
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

export const diagnosticsSchema = z.object({
  instanceId: z.string(),
  publicUrl: z.url(),
  version: z.string(),
  node: z.string(),
  now: timeSchema,
  checks: z.array(
    z.object({
      name: z.string(),
      level: z.enum(['ok', 'warn', 'fail']),
      message: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
})

export const healthSchema = z.object({ status: z.literal('ok') })

export const readinessSchema = z.object({
  status: z.literal('ready'),
  store: z.literal('ok'),
  migrations: z.literal('ok'),
  queuedWrites: countSchema,
  imagekit: z.string(),
})
