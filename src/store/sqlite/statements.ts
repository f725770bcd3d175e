import { drizzle } from 'drizzle-orm/better-sqlite3'
import { prepareAlertStatements } from './alert-statements.ts'
import { prepareClockStatements } from './clock-statements.ts'
import type { Connection } from './connection.ts'
import { prepareDeliveryListStatements } from './delivery-list-statements.ts'
import { prepareDeliveryStatements } from './delivery-statements.ts'
import { prepareFindingStatements } from './finding-statements.ts'
import { prepareIdempotencyStatements } from './idempotency-statements.ts'
import { prepareNotificationStatements } from './notification-statements.ts'
import { prepareOperatorStatements } from './operator-statements.ts'
import { prepareOwnerStatements } from './owner-statements.ts'
import { prepareProbeStatements } from './probe-statements.ts'
import { prepareRefusedStatements } from './refused-statements.ts'
import { prepareRowIdStatements } from './row-id-statements.ts'
import { prepareRowStatements } from './row-statements.ts'
import { prepareRunListStatements } from './run-list-statements.ts'
import { prepareSessionStatements } from './session-statements.ts'
import { prepareSubmissionStatements } from './submission-statements.ts'
import { prepareTallyStatements } from './tally-statements.ts'

export type Statements = ReturnType<typeof prepareStatements>

export function prepareStatements(connection: Connection) {
  const db = drizzle(connection)
  return {
    ...prepareSubmissionStatements(db, connection),
    ...prepareRowStatements(db, connection),
    ...prepareRowIdStatements(db),
    ...prepareDeliveryStatements(db, connection),
    ...prepareRefusedStatements(db),
    ...prepareFindingStatements(db),
    ...prepareNotificationStatements(db),
    ...prepareIdempotencyStatements(db),
    ...prepareTallyStatements(db, connection),
    ...prepareRunListStatements(db),
    ...prepareDeliveryListStatements(db),
    ...prepareOperatorStatements(db),
    ...prepareAlertStatements(db),
    ...prepareSessionStatements(db),
    ...prepareProbeStatements(db),
    ...prepareOwnerStatements(db),
    ...prepareClockStatements(db),
  }
}
