import { max } from 'drizzle-orm'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { deliveries } from './schema/deliveries.ts'
import { refusedDeliveries } from './schema/refused-deliveries.ts'
import { runs } from './schema/runs.ts'
import { submissions } from './schema/submissions.ts'

export function prepareRowIdStatements(db: BetterSQLite3Database) {
  return {
    findLastSubmission: db
      .select({ seq: max(submissions.seq) })
      .from(submissions)
      .prepare(),
    findLastRun: db
      .select({ seq: max(runs.seq) })
      .from(runs)
      .prepare(),
    findLastDelivery: db
      .select({ seq: max(deliveries.seq) })
      .from(deliveries)
      .prepare(),
    findLastRejected: db
      .select({ seq: max(refusedDeliveries.seq) })
      .from(refusedDeliveries)
      .prepare(),
  }
}
