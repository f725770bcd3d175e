import { eq, max, sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { runBlocks, runGroups, runs, tallies } from './schema/runs.ts'

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
      // It is there already where a step of the same transaction made it and another one was rolled back.
      .onConflictDoUpdate({
        target: [runGroups.extension, runGroups.status, runGroups.acknowledged, runGroups.cause],
        set: { size: sql`${runGroups.size}` },
      })
      .returning({ groupId: runGroups.groupId })
      .prepare(),
    resizeGroup: db
      .update(runGroups)
      .set({ size: sql`${runGroups.size} + ${delta}` })
      .where(eq(runGroups.groupId, placeholder('groupId')))
      .prepare(),
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
    findNewestSeq: db
      .select({ seq: max(runs.seq) })
      .from(runs)
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
