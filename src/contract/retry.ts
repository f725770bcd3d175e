import { z } from 'zod'
import { countSchema, countsByStatusSchema } from './stats.ts'

export const retryPreviewSchema = z
  .object({
    total: countSchema,
    units: countSchema.describe("The cost in ImageKit's extension units of the runs whose price is known."),
    unpriced: countSchema.describe('The number of runs whose price is not known.'),
  })
  .meta({ id: 'RetryPreview', description: 'What a retry of many runs would do.' })

export const retryProgressSchema = z
  .object({
    retryId: z.string(),
    total: countSchema,
    done: countSchema.describe('The number of ended items, whatever their result.'),
    failed: countSchema.describe('The number of ended items that were not clearly accepted.'),
    state: z.enum(['running', 'done']),
    results: z
      .object({ ...countsByStatusSchema.shape, rejected: countSchema, unconfirmed: countSchema })
      .describe(
        'The results of the ended items: the status of the new run; `rejected` if the retry failed, so that no new run counts; `unconfirmed` if ImageKit did not clearly accept it, and the new run is still pending or may not have been recorded.',
      ),
    notAccepted: z
      .array(
        z.object({
          runId: z.string(),
          name: z.string(),
          state: z.enum(['waiting', 'submitting', 'accepted', 'failed', 'unconfirmed']),
          reason: z.string().nullable(),
        }),
      )
      .describe(
        'The first 100 of the items that `failed` counts. Their `state` is `failed` or `unconfirmed`.',
      ),
  })
  .meta({
    id: 'RetryProgress',
    description: 'The progress of a retry of many runs. Each of these runs is an item of the retry.',
  })
