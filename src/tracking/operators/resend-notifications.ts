import type { AuditEntry } from '../../domain/audit-entry.ts'
import type { Json } from '../../domain/json.ts'
import type { ListedNotification, NotificationFilter } from '../../domain/notification.ts'
import type { Store } from '../../store/store.ts'
import { auditedThings } from './audited-things.ts'
import { getNotification, type NotificationView, showNotification } from './list-notifications.ts'

export type ResendNotificationsDeps = {
  store: Pick<
    Store,
    'listNotifications' | 'findNotification' | 'resendNotifications' | 'findRunHistory' | 'findDelivery'
  >
  clock: () => number
  /** Build payloads like those of ImageKit. */
  successPayload: (service: string, fileObject: object) => string
  failurePayload: (service: string, failure: { fileId: string | null; error: Json | null }) => string
  /** Wakes the notifier, because there is work. */
  wakeNotifier: () => void
}

type ResendRequest = { actor: string; reason: string | null }

/** The number of notifications per page: their bodies are in memory at the same time. */
const STEP = 20

/** Makes a notification due now. A delivered or given-up one starts over. Throws `not_found`. */
export async function resendNotification(
  deps: ResendNotificationsDeps,
  { notificationId, actor, reason }: ResendRequest & { notificationId: string },
): Promise<NotificationView> {
  await resend(deps, [await getNotification(deps, notificationId)], { actor, reason })
  return showNotification(deps, notificationId)
}

/** Makes all notifications that match a filter due now, the newest first. Returns their number. Each page has its own audit entry. */
export async function resendMatching(
  deps: ResendNotificationsDeps,
  { filter, actor, reason }: ResendRequest & { filter: NotificationFilter },
): Promise<{ total: number }> {
  let total = 0
  let before: number | null = null
  do {
    const page: Awaited<ReturnType<Store['listNotifications']>> = await deps.store.listNotifications(filter, {
      limit: STEP,
      before,
    })
    if (page.notifications.length > 0) total += await resend(deps, page.notifications, { actor, reason })
    before = page.next
  } while (before !== null)
  return { total }
}

/** Returns the number of resent notifications. Skips those that were deleted meanwhile, together with their submissions. */
async function resend(
  deps: ResendNotificationsDeps,
  listed: readonly ListedNotification[],
  { actor, reason }: ResendRequest,
): Promise<number> {
  const withBodies = await Promise.all(
    listed.map(async ({ notificationId, runId }) => ({ notificationId, body: await findBody(deps, runId) })),
  )
  const notifications = withBodies.flatMap(({ notificationId, body }) =>
    body === undefined ? [] : [{ notificationId, body }],
  )
  if (notifications.length === 0) return 0
  const ids = notifications.map(({ notificationId }) => notificationId)
  const audited = auditedThings('notificationIds', ids)
  const entry: AuditEntry = { at: deps.clock(), actor, kind: 'resend', reason, ...audited }
  const resent = await deps.store.resendNotifications(notifications, entry)
  deps.wakeNotifier()
  return resent.length
}

/**
 * Finds the body of a notification again, because it is deleted once the notification is delivered or given up. It is the body
 * of the webhook that settled the run. If there was no such webhook, or its body was pruned, it is built from what is known
 * about the run. Undefined for an unknown run.
 */
async function findBody(deps: ResendNotificationsDeps, runId: string): Promise<string | undefined> {
  const history = await deps.store.findRunHistory(runId)
  if (history === undefined) return undefined
  const { run, submission, deliveries } = history
  const settling = deliveries.find((delivery) => delivery.outcome === 'applied' && delivery.runId === runId)
  if (run.source === 'webhook' && settling !== undefined) {
    const delivery = await deps.store.findDelivery(settling.deliveryId)
    if (delivery?.body) return delivery.body.toString()
  }
  const { fileId, fileName } = submission
  return run.status === 'failed'
    ? deps.failurePayload(run.name, { fileId, error: run.error })
    : deps.successPayload(run.name, { fileId, name: fileName })
}
