import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { storeContract } from '../contract/store-contract.ts'

storeContract('the SQLite store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracker-store-'))
  const path = join(folder, 'data', 'tracker.db')
  const store = openSqliteStore({ path })
  let latest = store
  return {
    store,
    async reopen() {
      await latest.close()
      latest = openSqliteStore({ path })
      return latest
    },
    async destroy() {
      await latest.close()
      await rm(folder, { recursive: true })
    },
  }
})
