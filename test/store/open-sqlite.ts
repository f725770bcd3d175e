import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import type { StoreHandle } from '../../src/store/store.ts'
import type { StoreFixture } from '../contract/store-fixture.ts'
import { rejectRows } from '../support/database.ts'
import { createEmptySqlite } from '../support/sqlite-database.ts'

/** Opens a new SQLite store in a separate folder, for the contract tests. */
export async function openSqlite(): Promise<StoreFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'tracker-store-'))
  const path = join(folder, 'data', 'tracker.db')
  createEmptySqlite(path)
  const store = openSqliteStore({ path })
  const others: StoreHandle[] = []
  let latest = store
  /**
   * Opens the file without taking the lock, which `latest` holds so that no other process opens the file. `processIdOf` gets the id of
   * the process that owns the file, which is that of `latest`, and returns the id that the new store uses.
   */
  const openWithoutLock = (processIdOf: (ownerId: number) => number): StoreHandle => {
    const connection = openConnection(path)
    const findOwner = connection
      .prepare<[], number>(`SELECT value FROM metadata WHERE name = 'owner'`)
      .pluck()
    const ownerId = findOwner.get() ?? 0
    const processId = processIdOf(ownerId)
    const other = createSqliteStore(connection, { processId, ownerId, maxQueued: 10_000 })
    others.push(other)
    return other
  }
  return {
    store,
    async reopen() {
      await latest.close()
      latest = openSqliteStore({ path })
      return latest
    },
    openAnother: async () => openWithoutLock((ownerId) => ownerId),
    openAnotherProcess: async () => openWithoutLock((ownerId) => ownerId + others.length + 1),
    failInserts: (table, at) => rejectRows({ url: `file:${path}` }, table, at),
    async destroy() {
      for (const other of others) await other.close()
      await latest.close()
      await rm(folder, { recursive: true })
    },
  }
}
