import { drizzle } from 'drizzle-orm/better-sqlite3'
import type { Connection } from './connection.ts'
import { prepareDeliveryStatements } from './delivery-statements.ts'
import { prepareFindingStatements } from './finding-statements.ts'
import { prepareIdempotencyStatements } from './idempotency-statements.ts'
import { prepareNotificationStatements } from './notification-statements.ts'
import { prepareProbeStatements } from './probe-statements.ts'
import { prepareRefusedStatements } from './refused-statements.ts'
import { prepareSubmissionStatements } from './submission-statements.ts'

export type Statements = ReturnType<typeof prepareStatements>

export function prepareStatements(connection: Connection) {
  const db = drizzle(connection)
  return {
    ...prepareSubmissionStatements(db),
    ...prepareDeliveryStatements(db),
    ...prepareRefusedStatements(db),
    ...prepareFindingStatements(db),
    ...prepareNotificationStatements(db),
    ...prepareIdempotencyStatements(db),
    ...prepareProbeStatements(db),
  }
}
