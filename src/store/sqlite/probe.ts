import { sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { probes } from './schema.ts'
import type { Statements } from './statements.ts'

export function prepareProbeStatements(db: BetterSQLite3Database) {
  return {
    insertProbe: db.insert(probes).values({ filler: sql`zeroblob(8192)` }).prepare(),
    deleteProbes: db.delete(probes).prepare(),
  }
}

/** Takes new pages, as a delivery does, and gives them back: rewriting a row in place would succeed on a full disk. */
export function probe(statements: Statements): void {
  statements.insertProbe.run()
  statements.deleteProbes.run()
}
