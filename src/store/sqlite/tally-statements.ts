import { and, eq, sql } from 'drizzle-orm'
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
        hour: placeholder('hour'),
        kind: placeholder('kind'),
        extension: placeholder('extension'),
        value: placeholder('value'),
        size: placeholder('delta'),
      })
      .onConflictDoUpdate({
        target: [tallies.hour, tallies.kind, tallies.extension, tallies.value],
        set: { size: sql`${tallies.size} + ${delta}` },
      })
      .prepare(),
    deleteEmptyTally: db
      .delete(tallies)
      .where(
        and(
          eq(tallies.hour, placeholder('hour')),
          eq(tallies.kind, placeholder('kind')),
          eq(tallies.extension, placeholder('extension')),
          eq(tallies.value, placeholder('value')),
          eq(tallies.size, 0),
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
