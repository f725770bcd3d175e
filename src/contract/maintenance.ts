import { z } from 'zod'
import { timeSchema } from './run.ts'
import { countSchema } from './stats.ts'

export const reconcileRequestSchema = z.strictObject({ dryRun: z.boolean('must be true or false') }).meta({
  id: 'ReconcileRequest',
  examples: [{ dryRun: true }],
  description: '`dryRun`: only report what would change.',
})

export const reconcileReportSchema = z
  .object({
    runs: z.array(
      z.object({
        runId: z.string(),
        fileId: z.string().nullable(),
        extension: z.string(),
        finding: z.enum(['evidence', 'asset_gone', 'timed_out', 'unchanged']),
        why: z.string(),
      }),
    ),
    holdMs: z
      .number()
      .nullable()
      .describe(
        'How long ImageKit accepts no further requests, in milliseconds; null unless its rate limit stopped the check.',
      ),
    stoppedBy: z
      .string()
      .nullable()
      .describe('Why the remaining due runs were not checked; null if all were checked.'),
  })
  .meta({ id: 'ReconcileReport' })

export const diagnosticsSchema = z
  .object({
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
  .meta({ id: 'Diagnostics' })

export const healthSchema = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })

export const readinessSchema = z
  .object({
    status: z.literal('ready'),
    store: z.literal('ok'),
    migrations: z.literal('ok'),
    queuedWrites: countSchema.describe('How many writes wait to be retried.'),
    imagekit: z
      .string()
      .describe(
        '`ok`, or a text that says which kind of request ImageKit rejected because of the private key.',
      ),
  })
  .meta({ id: 'Readiness' })
