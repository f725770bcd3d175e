import { and, asc, count, eq, isNotNull, lte, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { notifications } from './schema/notifications.ts'
import { runs } from './schema/runs.ts'
import { bound } from './submission-statements.ts'

const { placeholder } = sql

export function prepareNotificationStatements(db: BetterSQLite3Database) {
  const waiting = and(
    eq(notifications.notificationId, placeholder('notificationId')),
    isNotNull(notifications.dueAt),
  )
  return {
    insertNotification: db
      .insert(notifications)
      .values({
        runSeq: sql`(SELECT ${runs.seq} FROM ${runs} WHERE ${runs.runId} = ${placeholder('runId')})`,
        notificationId: placeholder('notificationId'),
        target: placeholder('target'),
        body: placeholder('body'),
        attempt: 1,
        createdAt: placeholder('at'),
        dueAt: placeholder('at'),
      })
      .onConflictDoNothing()
      .prepare(),
    listDueNotifications: db
      .select()
      .from(notifications)
      .where(lte(notifications.dueAt, placeholder('now')))
      .orderBy(asc(notifications.dueAt), asc(notifications.runSeq))
      .limit(placeholder('limit'))
      .prepare(),
    countNotifications: db
      .select({
        owed: count(),
        due: sql<number>`count(*) FILTER (WHERE ${notifications.dueAt} <= ${placeholder('now')})`,
      })
      .from(notifications)
      .where(isNotNull(notifications.dueAt))
      .prepare(),
    repeatNotification: db
      .update(notifications)
      .set({
        result: 'again',
        reason: bound('reason', notifications.reason),
        attempt: sql`${notifications.attempt} + 1`,
        dueAt: bound('at', notifications.dueAt),
      })
      .where(waiting)
      .prepare(),
    endNotification: db
      .update(notifications)
      .set({
        result: bound('result', notifications.result),
        reason: bound('reason', notifications.reason),
        body: null,
        dueAt: null,
      })
      .where(waiting)
      .prepare(),
  }
}
