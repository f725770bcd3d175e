import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import { storeContract } from '../contract/store-contract.ts'
import { refuseRows } from './refuse-rows.ts'

storeContract('the SQLite store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracker-store-'))
  const path = join(folder, 'data', 'tracker.db')
  const store = openSqliteStore({ path })
  let latest = store
  const others: Store[] = []
  return {
    store,
    async reopen() {
      await latest.close()
      latest = openSqliteStore({ path })
      return latest
    },
    // The first one has the lock of the process and has migrated the file.
    async openAnother() {
      const other = createSqliteStore(openConnection(path), { maxQueued: 10_000 })
      others.push(other)
      return other
    },
    async refuse(what, at) {
      const accept = refuseRows(path, what, at)
      return async () => accept()
    },
    async destroy() {
      for (const other of others) await other.close()
      await latest.close()
      await rm(folder, { recursive: true })
    },
  }
})
