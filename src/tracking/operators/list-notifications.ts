import { TrackerError } from '../../domain/errors.ts'
import type {
  ListedNotification,
  NotificationAttempt,
  NotificationFilter,
  NotificationState,
} from '../../domain/notification.ts'
import type { Store } from '../../store/store.ts'

export type ListNotificationsDeps = { store: Pick<Store, 'listNotifications' | 'findNotification'> }

/** A notification as the operators' routes return it. */
export type NotificationView = {
  notificationId: string
  state: NotificationState
  fileId: string | null
  runId: string
  host: string
  createdAt: string
  nextAttemptAt: string | null
  attempts: (Omit<NotificationAttempt, 'at'> & { at: string })[]
}

/** A page of the notifications to callers, the newest first. */
export async function listNotifications(
  { store }: ListNotificationsDeps,
  filter: NotificationFilter,
  page: { limit: number; before: number | null },
): Promise<{ notifications: NotificationView[]; next: number | null }> {
  const { notifications, next } = await store.listNotifications(filter, page)
  return { notifications: notifications.map(notificationView), next }
}

/** One notification. Throws `not_found`. */
export async function showNotification(
  deps: { store: Pick<Store, 'findNotification'> },
  notificationId: string,
): Promise<NotificationView> {
  return notificationView(await getNotification(deps, notificationId))
}

/** A notification as the store returns it. Throws `not_found`. */
export async function getNotification(
  { store }: { store: Pick<Store, 'findNotification'> },
  notificationId: string,
): Promise<ListedNotification> {
  const notification = await store.findNotification(notificationId)
  if (notification === undefined)
    throw new TrackerError('not_found', `There is no notification ${notificationId}.`)
  return notification
}

function notificationView(notification: ListedNotification): NotificationView {
  const { notificationId, state, fileId, runId, host, createdAt, dueAt, attempts } = notification
  return {
    notificationId,
    state,
    fileId,
    runId,
    host,
    createdAt: new Date(createdAt).toISOString(),
    nextAttemptAt: dueAt === null ? null : new Date(dueAt).toISOString(),
    attempts: attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at).toISOString() })),
  }
}
