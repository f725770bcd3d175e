import { z } from 'zod'
import { countSchema, countsByStatusSchema } from './stats.ts'

export const retryPreviewSchema = z.object({
  total: countSchema,
  /** In ImageKit's extension units, for the runs whose price is known. */
  units: countSchema,
  /** The number of runs whose price is not known. */
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
  /** The first 100 of the items that `failed` counts. */
  notAccepted: z.array(
    z.object({
      runId: z.string(),
      name: z.string(),
      state: z.enum(['waiting', 'submitting', 'accepted', 'failed', 'unconfirmed']),
      reason: z.string().nullable(),
    }),
  ),
})
