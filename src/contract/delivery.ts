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

/** The response to a webhook or a replay, once the delivery and its effect are on disk. */
export const recordedDeliverySchema = z.object({ outcome: deliveryOutcomeSchema })

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

/** One POST to a webhook route, or the replay of a delivery that was not rejected. */
export const deliverySchema = z.object({
  deliveryId: z.string(),
  route: z.enum(['extension', 'account']),
  receivedAt: timeSchema,
  outcome: deliveryOutcomeSchema,
  cause: deliveryCauseSchema.nullable(),
  /** Null for a rejected delivery. If the signature was the reason, the cause says so. */
  signature: z.enum(['valid', 'invalid', 'absent', 'unchecked'] satisfies SignatureCheck[]).nullable(),
  submissionId: z.string().nullable(),
  runId: z.string().nullable(),
  fileId: z.string().nullable(),
  /** The extension, as ImageKit names it. */
  service: z.string().nullable(),
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

/** Which rejected deliveries to replay: the oldest first, all of them without a `limit`. `dryRun`: only report the outcomes. */
export const replayRequestSchema = z.strictObject({
  outcome: z.literal('rejected', "must be 'rejected'"),
  cause: deliveryCauseSchema.nullish(),
  since: timeInputSchema.nullish(),
  until: timeInputSchema.nullish(),
  limit: z.int().min(1).nullish(),
  dryRun: z.boolean().default(false),
  reason: reasonText,
})

const deliveryCountSchema = z.int().min(0)

/** How many deliveries were replayed, or would be. Those that are still rejected count as `rejected`. */
export const replayReportSchema = z.object({
  total: deliveryCountSchema,
  byOutcome: z.record(deliveryOutcomeSchema, deliveryCountSchema),
})

export const deliveryListSchema = z.object({
  deliveries: z.array(deliverySchema),
  nextCursor: z.string().nullable(),
})

export const deliveryDetailSchema = deliverySchema.extend({
  /** Null once pruned. */
  headers: z.record(z.string(), z.string()).nullable(),
  /** As text; null once pruned. */
  body: z.string().nullable(),
  /** The size of the body in bytes, as far as it is known; 0 once pruned. If `body` is smaller, it is incomplete. */
  bytes: z.int().min(0),
})
