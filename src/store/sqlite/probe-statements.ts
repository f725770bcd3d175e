import { sql } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { probes } from './schema/probes.ts'

export function prepareProbeStatements(db: BetterSQLite3Database) {
  return {
    insertProbe: db.insert(probes).values({ filler: sql`zeroblob(8192)` }).prepare(),
    deleteProbes: db.delete(probes).prepare(),
  }
}
