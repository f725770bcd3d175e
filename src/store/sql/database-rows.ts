import type { LeaseRow } from '../../domain/decide/rows.ts'
import type { Run } from '../../domain/run.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import { createAssetReads } from './asset-reads.ts'
import { createFinders } from './find-rows.ts'
import { createForgettingRows } from './forgetting.ts'
import { createHistoryRows } from './history-rows.ts'
import { createJobReads } from './job-reads.ts'
import { createDeliveryReads } from './list-deliveries.ts'
import { createNotificationRows } from './list-notifications.ts'
import { createRunRows } from './list-runs.ts'
import { createMaintenanceRows } from './maintenance.ts'
import { createOperatorReads } from './operator-reads.ts'
import { createRejectedDeliveries } from './rejected-deliveries.ts'
import type { Statements } from './statements.ts'
import { createStats } from './stats.ts'

export type DatabaseRows = ReturnType<typeof createDatabaseRows>

/** The reads and writes outside of batches that both databases share. */
export function createDatabaseRows(statements: Statements, processId: number) {
  const rejected = createRejectedDeliveries(statements)
  const deliveries = createDeliveryReads(statements, rejected)
  const { sql, toRow } = createFinders(processId, statements).leases
  const findLease = statements.row<never>(sql + statements.forUpdate)
  return {
    ...createAssetReads(statements),
    ...createJobReads(statements),
    ...createOperatorReads(statements),
    ...createHistoryRows(statements),
    ...createMaintenanceRows(statements),
    ...createForgettingRows(statements),
    ...createStats(statements),
    rejected,
    runList: createRunRows(statements),
    deliveryList: deliveries.list,
    notificationList: createNotificationRows(statements),
    findDelivery: (deliveryId: string) => deliveries.find(deliveryId),
    listDeliveriesOf: (run: Run) => deliveries.listOfRun(run),
    /** Locks the row, so that the lease can't change hands until the transaction ends. */
    *findLease(name: string): Work<LeaseRow | undefined> {
      const cells = yield* waitFor(findLease(name))
      return cells && toRow(cells)
    },
  }
}
