import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import type { BatchedStore } from '../contract/batches/batches-contract.ts'
import { createEmptySqlite } from '../support/sqlite-database.ts'
import { dumpRows } from './dump-rows.ts'

/** Opens a new SQLite store, and dumps its rows, for `batchesContract`. */
export async function openBatchedSqlite(): Promise<BatchedStore> {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-batches-'))
  const path = join(folder, 'tracker.db')
  createEmptySqlite(path)
  const store = openSqliteStore({ path })
  return {
    store,
    dump: (ids) => dumpRows({ url: `file:${path}` }, ids),
    async destroy() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}
