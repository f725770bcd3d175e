import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import type { BatchedStore } from '../contract/batches.ts'
import { dumpRows } from './dump-rows.ts'

/** Opens new SQLite stores, each from a copy of an empty one, which costs less than creating all tables. */
export function createSqliteStores() {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-batches-'))
  const empty = join(folder, 'empty.db')
  let opened = 0
  return {
    async open(): Promise<BatchedStore> {
      if (opened === 0) await openSqliteStore({ path: empty }).close()
      const own = join(folder, String(++opened))
      mkdirSync(own)
      const path = join(own, 'tracker.db')
      copyFileSync(empty, path)
      const store = openSqliteStore({ path })
      return {
        store,
        dump: (ids) => dumpRows({ url: `file:${path}` }, ids),
        async destroy() {
          await store.close()
          rmSync(own, { recursive: true })
        },
      }
    },
    end() {
      rmSync(folder, { recursive: true })
    },
  }
}
