import { openPostgresStore } from '../../../src/store/postgres/open-postgres-store.ts'
import type { BatchedStore } from '../../contract/batches/batches-contract.ts'
import { createDatabase } from '../../support/database.ts'
import { dumpRows } from '../dump-rows.ts'

/** Opens a new PostgreSQL store, and dumps its rows, for `batchesContract`. */
export async function openBatchedPostgres(): Promise<BatchedStore> {
  const { url, drop } = await createDatabase()
  // One transaction at a time: concurrent transactions would apply steps in any order, so the results could not be compared.
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
