import { z } from 'zod'
import type { DeliveryOutcome, RejectionCause, SignatureCheck } from '../domain/delivery.ts'
import type { DeliveryCause } from '../domain/extension-result.ts'
import type { DeliveryFilter } from '../domain/listed-delivery.ts'
import { reasonText } from './reason.ts'
import { timeInputSchema, timeSchema } from './run.ts'

export const deliveryOutcomeSchema = z.enum([
  'applied',
  'duplicate',
  'contradicted',
  'ignored',
  'rejected',
] satisfies DeliveryOutcome[])

export const recordedDeliverySchema = z.object({ outcome: deliveryOutcomeSchema }).meta({
  id: 'RecordedDelivery',
  description: 'The response to a webhook or a replay, once the delivery and its effect are on disk.',
})

/** Why a delivery was ignored or rejected. */
export const deliveryCauseSchema = z.enum([
  'unknown_shape',
  'unknown_status',
  'other_file',
  'not_requested',
  'forgotten',
  'forged_token',
  'no_secret',
  'absent_signature',
  'malformed_signature',
  'bad_signature',
  'stale_signature',
  'not_json',
  'too_large',
  'broken_off',
  'too_slow',
  'unknown_submission',
] satisfies (DeliveryCause | RejectionCause)[])

export const deliverySchema = z
  .object({
    deliveryId: z.string(),
    route: z.enum(['extension', 'account']),
    receivedAt: timeSchema,
    outcome: deliveryOutcomeSchema,
    cause: deliveryCauseSchema.nullable(),
    signature: z
      .enum(['valid', 'invalid', 'absent', 'unchecked'] satisfies SignatureCheck[])
      .nullable()
      .describe('Null for a rejected delivery. If the signature was the reason, the cause says so.'),
    submissionId: z.string().nullable(),
    runId: z.string().nullable(),
    fileId: z.string().nullable(),
    service: z.string().nullable().describe('The extension, as ImageKit names it.'),
  })
  .meta({
    id: 'Delivery',
    description: 'One POST to a webhook route, or the replay of a delivery that was not rejected.',
  })

/** The query parameters that filter deliveries. */
export const deliveryFilterQuerySchema = z.object({
  outcome: deliveryOutcomeSchema.nullish(),
  cause: z.string().nullish(),
  extension: z.string().nullish(),
  fileId: z.string().nullish(),
  since: timeInputSchema.nullish(),
  until: timeInputSchema.nullish(),
})

/** The filter that a parsed query describes. */
export function toDeliveryFilter(query: z.output<typeof deliveryFilterQuerySchema>): DeliveryFilter {
  const { outcome = null, cause = null, extension = null, fileId = null, since = null, until = null } = query
  return { outcome, cause, service: extension, fileId, since, until }
}

export const replayRequestSchema = z
  .strictObject({
    outcome: z.literal('rejected', "must be 'rejected'"),
    cause: deliveryCauseSchema.nullish(),
    since: timeInputSchema.nullish(),
    until: timeInputSchema.nullish(),
    limit: z.int().min(1).nullish(),
    dryRun: z.boolean().default(false),
    reason: reasonText,
  })
  .meta({
    id: 'ReplayRequest',
    examples: [{ outcome: 'rejected', cause: 'bad_signature', dryRun: true }],
    description:
      'Which rejected deliveries to replay: the oldest first, all of them without a `limit`. `dryRun`: only report the outcomes.',
  })

const deliveryCountSchema = z.int().min(0)

export const replayReportSchema = z
  .object({
    total: deliveryCountSchema,
    byOutcome: z.record(deliveryOutcomeSchema, deliveryCountSchema),
  })
  .meta({
    id: 'ReplayReport',
    description:
      'How many deliveries were replayed, or would be. Those that are still rejected count as `rejected`.',
  })

export const deliveryListSchema = z
  .object({
    deliveries: z.array(deliverySchema),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'DeliveryList' })

export const deliveryDetailSchema = deliverySchema
  .extend({
    headers: z.record(z.string(), z.string()).nullable().describe('Null once pruned.'),
    body: z.string().nullable().describe('As text; null once pruned.'),
    bytes: z
      .int()
      .min(0)
      .describe(
        'The size of the body in bytes, as far as it is known; 0 once pruned. If `body` is smaller, it is incomplete.',
      ),
  })
  .meta({ id: 'DeliveryDetail' })
