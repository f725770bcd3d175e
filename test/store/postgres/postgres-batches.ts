import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import type { BatchedStore } from '../../contract/batches/batches-contract.ts'
import { createDatabase } from '../../support/database.ts'
import { dumpRows } from '../dump-rows.ts'

/** A new PostgreSQL store whose rows can be compared. */
export async function openBatchedPostgres(): Promise<BatchedStore> {
  const { url, drop } = await createDatabase()
  // With several concurrent transactions, concurrent steps take effect in any order.
  const store = await openPostgresStore({ url, maxTransactions: 1 })
  return {
    store,
    dump: (ids) => dumpRows({ url }, ids),
    async destroy() {
      await store.close()
      await drop()
    },
  }
}
