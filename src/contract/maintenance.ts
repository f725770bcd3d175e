import { z } from 'zod'
import { timeSchema } from './run.ts'
import { countSchema } from './stats.ts'

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
  /** How long ImageKit accepts no further requests, in milliseconds; null unless its rate limit stopped the check. */
  holdMs: z.number().nullable(),
  /** Why the remaining due runs were not checked; null if all were checked. */
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
  /** How many writes wait to be retried. */
  queuedWrites: countSchema,
  /** `ok`, or a text that says which kind of request ImageKit rejected because of the private key. */
  imagekit: z.string(),
})
