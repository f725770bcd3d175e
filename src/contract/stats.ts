import { z } from 'zod'
import { parseDurationMs } from '../domain/quantities.ts'
import { timeSchema } from './run.ts'

export const countSchema = z.int().min(0)
export const countsByStatusSchema = z
  .object({
    pending: countSchema,
    success: countSchema,
    failed: countSchema,
    expired: countSchema,
  })
  .meta({ id: 'CountsByStatus' })

const MAX_WINDOW_MS = 90 * 86_400_000

/**
 * `window`: the length of the period that the statistics cover; parsed into milliseconds. The period is rounded up to whole hours,
 * of which the current one is the last.
 */
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

export const statsSchema = z
  .object({
    window: z.string().describe('In whole hours, rounded up, such as `24h`.'),
    byStatus: countsByStatusSchema.describe(
      '`pending` counts the runs that are pending now; the others count the runs that got their present status within the window.',
    ),
    byExtension: z.record(z.string(), countsByStatusSchema),
    byHour: z.array(
      z.object({ hour: timeSchema, success: countSchema, failed: countSchema, expired: countSchema }),
    ),
    causes: z
      .array(z.object({ extension: z.string(), cause: z.string(), count: countSchema }))
      .describe('The causes of the failures in the window, the most frequent first.'),
    oldestPendingAt: timeSchema.nullable(),
    settleSeconds: z
      .object({ p50: z.number().nullable(), p95: z.number().nullable() })
      .describe(
        'How long after their request runs settled, of those that settled in the window; null if none did.',
      ),
  })
  .meta({ id: 'Stats' })
