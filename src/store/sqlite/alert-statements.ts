import { and, count, eq, gte, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { alerts } from './schema/alerts.ts'
import { runs } from './schema/runs.ts'
import { excluded } from './submission-statements.ts'

const { placeholder } = sql

export function prepareAlertStatements(db: BetterSQLite3Database) {
  const thisState = and(eq(alerts.alertId, placeholder('alertId')), eq(alerts.state, placeholder('state')))
  // The words stand in the statement, or SQLite could not use the partial index.
  const latest = db
    .select({ seq: runs.seq })
    .from(runs)
    .where(
      and(
        sql`${runs.status} = 'failed' AND ${runs.groupId} IS NOT NULL`,
        eq(runs.name, placeholder('extension')),
        gte(runs.settledAt, placeholder('since')),
      ),
    )
    .limit(placeholder('atMost'))
    .as('latest')
  return {
    countFailures: db.select({ size: count() }).from(latest).prepare(),
    listAlerts: db.select().from(alerts).prepare(),
    saveAlert: db
      .insert(alerts)
      .values({
        kind: placeholder('kind'),
        extension: placeholder('extension'),
        alertId: placeholder('alertId'),
        state: placeholder('state'),
        since: placeholder('since'),
        passedAt: placeholder('passedAt'),
        resolvedAt: placeholder('resolvedAt'),
        value: placeholder('value'),
        isTold: placeholder('isTold'),
      })
      .onConflictDoUpdate({
        target: [alerts.kind, alerts.extension],
        set: {
          alertId: excluded(alerts.alertId),
          state: excluded(alerts.state),
          since: excluded(alerts.since),
          passedAt: excluded(alerts.passedAt),
          resolvedAt: excluded(alerts.resolvedAt),
          value: excluded(alerts.value),
          isTold: excluded(alerts.isTold),
        },
      })
      .prepare(),
    noteAlertTold: db.update(alerts).set({ isTold: true }).where(thisState).prepare(),
    deleteAlert: db.delete(alerts).where(thisState).prepare(),
  }
}
