import { z } from 'zod'
import type { NotificationFilter, NotificationState } from '../domain/notification.ts'
import { reasonText } from './reason.ts'
import { timeSchema } from './run.ts'

/** `given_up`: no further attempt follows, and the latest one had the result `given_up`, `gone` or `rejected`. */
const notificationStateSchema = z.enum(['waiting', 'delivered', 'given_up'] satisfies NotificationState[])

export const notificationSchema = z
  .object({
    notificationId: z.string().describe('Sent as `webhook-id`, the same on every attempt.'),
    state: notificationStateSchema,
    fileId: z.string().nullable(),
    runId: z.string(),
    host: z.string().describe("The host of the caller's `webhookUrl`."),
    createdAt: timeSchema,
    nextAttemptAt: timeSchema
      .nullable()
      .describe(
        'Null if no attempt follows. While an attempt is in progress: when it is repeated, unless its result is recorded by then.',
      ),
    attempts: z
      .array(
        z.object({
          at: timeSchema,
          result: z
            .enum(['delivered', 'again', 'gone', 'rejected', 'given_up'])
            .describe(
              '`again`: failed, and another attempt follows. `given_up`: failed, and none follows. `gone`: the receiver responded with 410. `rejected`: nothing was sent, because the target may not be called.',
            ),
          status: z
            .int()
            .nullable()
            .describe("The HTTP status of the receiver's response; null if there was none."),
          reason: z.string().nullable(),
        }),
      )
      .describe('The latest 20 attempts with a recorded result, the oldest first.'),
  })
  .meta({ id: 'Notification', description: 'The notification to a caller about one settled run.' })

export const notificationListSchema = z
  .object({
    notifications: z.array(notificationSchema),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'NotificationList' })

const filterFields = { state: notificationStateSchema.nullish(), fileId: z.string().nullish() }

/** The query parameters that filter notifications. */
export const notificationFilterQuerySchema = z.object(filterFields)

export const resendRequestSchema = z
  .strictObject({ ...filterFields, reason: reasonText })
  .meta({ id: 'ResendRequest', description: 'Which notifications to send again.' })

export const resendReportSchema = z
  .object({ total: z.int().min(0) })
  .meta({ id: 'ResendReport', description: 'How many notifications are sent again.' })

/** The filter that a parsed query or request describes. */
export function toNotificationFilter({
  state = null,
  fileId = null,
}: z.output<typeof notificationFilterQuerySchema>): NotificationFilter {
  return { state, fileId }
}
