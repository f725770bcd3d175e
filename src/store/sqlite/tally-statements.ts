import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { compileWrite } from './compiled-statement.ts'
import type { Connection } from './connection.ts'
import { runBlocks, runGroups, tallies } from './schema/runs.ts'

const { placeholder } = sql

export function prepareTallyStatements(db: BetterSQLite3Database, connection: Connection) {
  const delta = sql`${placeholder('delta')}`
  const ofSpan = and(eq(tallies.hours, placeholder('hours')), eq(tallies.start, placeholder('start')))
  const { success, failed, expired } = tallies
  return {
    listGroups: db.select().from(runGroups).prepare(),
    insertGroup: db
      .insert(runGroups)
      .values({
        extension: placeholder('extension'),
        status: placeholder('status'),
        acknowledged: placeholder('acknowledged'),
        cause: placeholder('cause'),
        size: 0,
      })
      .returning({ groupId: runGroups.groupId })
      .prepare(),
    resizeGroup: compileWrite(
      connection,
      db
        .update(runGroups)
        .set({ size: sql`${runGroups.size} + ${delta}` })
        .where(eq(runGroups.groupId, placeholder('groupId'))),
    ),
    deleteEmptyGroup: db
      .delete(runGroups)
      .where(and(eq(runGroups.groupId, placeholder('groupId')), eq(runGroups.size, 0)))
      .prepare(),
    deleteEmptyGroups: db.delete(runGroups).where(eq(runGroups.size, 0)).prepare(),
    findTally: db.select({ counts: tallies.counts }).from(tallies).where(ofSpan).prepare(),
    putTally: compileWrite(
      connection,
      db
        .insert(tallies)
        .values({
          hours: placeholder('hours'),
          start: placeholder('start'),
          success: placeholder('success'),
          failed: placeholder('failed'),
          expired: placeholder('expired'),
          counts: placeholder('counts'),
        })
        .onConflictDoUpdate({
          target: [tallies.hours, tallies.start],
          set: {
            success: sql`excluded.success`,
            failed: sql`excluded.failed`,
            expired: sql`excluded.expired`,
            counts: sql`excluded.counts`,
          },
        }),
    ),
    deleteTally: db.delete(tallies).where(ofSpan).prepare(),
    listTallies: db
      .select({ counts: tallies.counts })
      .from(tallies)
      .where(
        and(
          eq(tallies.hours, placeholder('hours')),
          gte(tallies.start, placeholder('from')),
          lt(tallies.start, placeholder('until')),
        ),
      )
      .prepare(),
    listSettled: db
      .select({ hour: tallies.start, success, failed, expired })
      .from(tallies)
      .where(
        and(
          eq(tallies.hours, 1),
          gte(tallies.start, placeholder('from')),
          lt(tallies.start, placeholder('until')),
        ),
      )
      .prepare(),
    widenBlock: db
      .insert(runBlocks)
      .values({
        block: placeholder('block'),
        leastAt: placeholder('leastAt'),
        greatestAt: placeholder('greatestAt'),
      })
      .onConflictDoUpdate({
        target: runBlocks.block,
        set: {
          leastAt: sql`min(${runBlocks.leastAt}, excluded.least_at)`,
          greatestAt: sql`max(${runBlocks.greatestAt}, excluded.greatest_at)`,
        },
      })
      .prepare(),
  }
}
