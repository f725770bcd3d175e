import { and, asc, count, eq, gt, isNotNull, lte, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { notifications } from './schema/notifications.ts'

const { placeholder } = sql

export function prepareNotificationStatements(db: BetterSQLite3Database) {
  const waiting = and(
    eq(notifications.notificationId, placeholder('notificationId')),
    isNotNull(notifications.dueAt),
  )
  const { notificationId, target, host, attempt, createdAt } = notifications
  return {
    insertNotification: db
      .insert(notifications)
      .values({
        runSeq: placeholder('runSeq'),
        notificationId: placeholder('notificationId'),
        target: placeholder('target'),
        host: placeholder('host'),
        body: placeholder('body'),
        attempt: placeholder('attempt'),
        createdAt: placeholder('createdAt'),
        dueAt: placeholder('dueAt'),
        result: placeholder('result'),
        reason: placeholder('reason'),
      })
      .onConflictDoNothing()
      .prepare(),
    findOwedHost: db
      .select({ host: notifications.host, dueAt: notifications.dueAt })
      .from(notifications)
      .where(and(gt(notifications.host, placeholder('after')), isNotNull(notifications.dueAt)))
      .orderBy(asc(notifications.host), asc(notifications.dueAt))
      .limit(1)
      .prepare(),
    listDueNotifications: db
      .select({ notificationId, target, host, attempt, createdAt })
      .from(notifications)
      .where(and(eq(notifications.host, placeholder('host')), lte(notifications.dueAt, placeholder('now'))))
      .orderBy(asc(notifications.dueAt), asc(notifications.runSeq))
      .limit(placeholder('limit'))
      .prepare(),
    listMisdatedNotifications: db
      .select({ notificationId, target, host, attempt, createdAt })
      .from(notifications)
      .where(
        and(
          eq(notifications.host, placeholder('host')),
          gt(notifications.dueAt, placeholder('latest')),
          gt(notifications.createdAt, placeholder('latest')),
        ),
      )
      .orderBy(asc(notifications.dueAt), asc(notifications.runSeq))
      .limit(placeholder('limit'))
      .prepare(),
    findNotificationBody: db
      .select({ body: notifications.body })
      .from(notifications)
      .where(waiting)
      .prepare(),
    countNotifications: db
      .select({
        owed: count(),
        due: sql<number>`count(*) FILTER (WHERE ${notifications.dueAt} <= ${placeholder('now')})`,
      })
      .from(notifications)
      .where(isNotNull(notifications.dueAt))
      .prepare(),
  }
}
