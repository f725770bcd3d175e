import { z } from 'zod'
import type { NotificationFilter, NotificationState } from '../domain/notification.ts'
import { reasonText } from './reason.ts'
import { timeSchema } from './run.ts'

/** `given_up`: no further attempt follows, and the latest one had the result `given_up`, `gone` or `rejected`. */
const notificationStateSchema = z.enum(['waiting', 'delivered', 'given_up'] satisfies NotificationState[])

/** The notification to a caller about one settled run. */
export const notificationSchema = z.object({
  /** Sent as `webhook-id`, the same on every attempt. */
  notificationId: z.string(),
  state: notificationStateSchema,
  fileId: z.string().nullable(),
  runId: z.string(),
  /** The host of the caller's `webhookUrl`. */
  host: z.string(),
  createdAt: timeSchema,
  /**
   * Null if no attempt follows. While an attempt is in progress: when it is repeated, unless its result is recorded by then.
   */
  nextAttemptAt: timeSchema.nullable(),
  /** The latest 20 attempts with a recorded result, the oldest first. */
  attempts: z.array(
    z.object({
      at: timeSchema,
      /**
       * `again`: failed, and another attempt follows. `given_up`: failed, and none follows. `gone`: the receiver responded with 410.
       * `rejected`: nothing was sent, because the target may not be called.
       */
      result: z.enum(['delivered', 'again', 'gone', 'rejected', 'given_up']),
      /** The HTTP status of the receiver's response; null if there was none. */
      status: z.int().nullable(),
      reason: z.string().nullable(),
    }),
  ),
})

export const notificationListSchema = z.object({
  notifications: z.array(notificationSchema),
  nextCursor: z.string().nullable(),
})

const filterFields = { state: notificationStateSchema.nullish(), fileId: z.string().nullish() }

/** The query parameters that filter notifications. */
export const notificationFilterQuerySchema = z.object(filterFields)

/** Which notifications to send again. */
export const resendRequestSchema = z.strictObject({ ...filterFields, reason: reasonText })

/** How many notifications are sent again. */
export const resendReportSchema = z.object({ total: z.int().min(0) })

/** The filter that a parsed query or request describes. */
export function toNotificationFilter({
  state = null,
  fileId = null,
}: z.output<typeof notificationFilterQuerySchema>): NotificationFilter {
  return { state, fileId }
}
