import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { runBlocks, runGroups, tallies } from './schema/runs.ts'

const { placeholder } = sql

export function prepareTallyStatements(db: BetterSQLite3Database) {
  const delta = sql`${placeholder('delta')}`
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
    resizeGroup: db
      .update(runGroups)
      .set({ size: sql`${runGroups.size} + ${delta}` })
      .where(eq(runGroups.groupId, placeholder('groupId')))
      .prepare(),
    deleteEmptyGroup: db
      .delete(runGroups)
      .where(and(eq(runGroups.groupId, placeholder('groupId')), eq(runGroups.size, 0)))
      .prepare(),
    deleteEmptyGroups: db.delete(runGroups).where(eq(runGroups.size, 0)).prepare(),
    addTally: db
      .insert(tallies)
      .values({
        kind: placeholder('kind'),
        hours: placeholder('hours'),
        start: placeholder('start'),
        value: placeholder('value'),
        extension: placeholder('extension'),
        size: placeholder('delta'),
      })
      .onConflictDoUpdate({
        target: [tallies.kind, tallies.hours, tallies.start, tallies.value, tallies.extension],
        set: { size: sql`${tallies.size} + ${delta}` },
      })
      .prepare(),
    deleteEmptyTally: db
      .delete(tallies)
      .where(
        and(
          eq(tallies.kind, placeholder('kind')),
          eq(tallies.hours, placeholder('hours')),
          eq(tallies.start, placeholder('start')),
          eq(tallies.value, placeholder('value')),
          eq(tallies.extension, placeholder('extension')),
          eq(tallies.size, 0),
        ),
      )
      .prepare(),
    listTallies: db
      .select({ kind: tallies.kind, extension: tallies.extension, value: tallies.value, size: tallies.size })
      .from(tallies)
      .where(
        and(
          eq(tallies.kind, placeholder('kind')),
          eq(tallies.hours, placeholder('hours')),
          gte(tallies.start, placeholder('from')),
          lt(tallies.start, placeholder('until')),
        ),
      )
      .prepare(),
    // Each hour's statuses stand together, so they are added up as they are read.
    listSettled: db
      .select({ hour: tallies.start, status: tallies.value, size: sql<number>`sum(${tallies.size})` })
      .from(tallies)
      .where(
        and(
          eq(tallies.kind, 'settled'),
          eq(tallies.hours, 1),
          gte(tallies.start, placeholder('from')),
          lt(tallies.start, placeholder('until')),
        ),
      )
      .groupBy(tallies.start, tallies.value)
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
