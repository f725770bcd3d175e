import { z } from 'zod'
import {
  notificationFilterQuerySchema,
  notificationListSchema,
  notificationSchema,
  resendReportSchema,
  resendRequestSchema,
  toNotificationFilter,
} from '../../contract/notification.ts'
import { pageOf, pageQuerySchema } from '../../contract/page.ts'
import { reasonSchema } from '../../contract/reason.ts'
import {
  type ListNotificationsDeps,
  listNotifications,
  showNotification,
} from '../../tracking/operators/list-notifications.ts'
import {
  type ResendNotificationsDeps,
  resendMatching,
  resendNotification,
} from '../../tracking/operators/resend-notifications.ts'
import { pageResponse } from '../response.ts'
import { type Api, operation, route } from '../route.ts'

const notificationIdParams = z.object({ notificationId: z.string() })

/** Lists, shows and resends the notifications that callers get. */
export function notificationRoutes(api: Api, deps: ListNotificationsDeps & ResendNotificationsDeps): void {
  route(api, '/notifications', {
    GET: operation({
      id: 'listNotifications',
      summary: 'List the notifications to callers, the newest first',
      auth: 'operator',
      query: z.strictObject({ ...notificationFilterQuerySchema.shape, ...pageQuerySchema.shape }),
      responses: { 200: notificationListSchema },
      headers: ['Link'],
      async handle({ query }, c) {
        const filter = toNotificationFilter(query)
        const { notifications, next } = await listNotifications(deps, filter, pageOf(query))
        return pageResponse(c, { notifications }, next)
      },
    }),
  })
  // Registered before `/notifications/:notificationId`, which would take `resend` for an id.
  route(api, '/notifications/resend', {
    POST: operation({
      id: 'resendNotifications',
      summary: 'Resend all notifications that match a filter',
      auth: 'operator',
      body: { json: resendRequestSchema },
      responses: { 202: resendReportSchema },
      async handle({ body: { reason = null, ...selection }, caller }) {
        const filter = toNotificationFilter(selection)
        return { status: 202, json: await resendMatching(deps, { filter, reason, actor: caller.keyName }) }
      },
    }),
  })
  route(api, '/notifications/:notificationId', {
    GET: operation({
      id: 'getNotification',
      summary: 'Get a notification with its latest attempts',
      auth: 'operator',
      params: notificationIdParams,
      responses: { 200: notificationSchema },
      problems: ['not_found'],
      handle: async ({ params }) => ({
        status: 200,
        json: await showNotification(deps, params.notificationId),
      }),
    }),
  })
  route(api, '/notifications/:notificationId/resend', {
    POST: operation({
      id: 'resendNotification',
      summary: 'Resend a notification',
      auth: 'operator',
      params: notificationIdParams,
      body: { json: reasonSchema, isOptional: true },
      responses: { 202: notificationSchema },
      problems: ['not_found'],
      async handle({ params, body: { reason = null }, caller }) {
        const resent = await resendNotification(deps, { ...params, reason, actor: caller.keyName })
        return { status: 202, json: resent }
      },
    }),
  })
}
