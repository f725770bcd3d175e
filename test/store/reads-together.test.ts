import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { readTogether } from '../../src/store/sqlite/transactions.ts'
import { newSubmission } from '../contract/builders.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

/**
 * Creates a `read` that records the keys it reads. A result is the key, and whether it was read in a transaction. `fail` is called for
 * each key, and may throw to make its read fail.
 */
function recordReads(fail: (key: string) => void = () => {}) {
  const connection = new Database(':memory:')
  onTestFinished(() => {
    connection.close()
  })
  const keys: string[] = []
  const read = readTogether(connection, (key) => {
    keys.push(key)
    fail(key)
    return { key, inTransaction: connection.inTransaction }
  })
  return { read, keys, connection }
}

test('reads that are made together run in a transaction, and a failing read does not fail the others', () => {
  const failure = new Error('not JSON')
  const { read, connection } = recordReads((key) => {
    if (key === 'bad') throw failure
  })
  expect(read(['a', 'bad', 'b'])).toEqual([
    { found: { key: 'a', inTransaction: true } },
    { error: failure },
    { found: { key: 'b', inTransaction: true } },
  ])
  expect(connection.inTransaction).toBe(false)
})

test('a locked file is waited for once, not for each read', () => {
  const busy = new Database.SqliteError('database is locked', 'SQLITE_BUSY')
  let isLocked = true
  const { read, keys, connection } = recordReads(() => {
    if (isLocked) throw busy
  })
  expect(() => read(['a', 'b', 'c'])).toThrow(busy)
  expect(keys).toEqual(['a'])
  expect(connection.inTransaction).toBe(false)
  isLocked = false
  expect(read(['a'])).toMatchObject([{ found: { key: 'a' } }])
})

test('a requested read completes even if the store is closed at once, and later reads are rejected', async () => {
  const store = openSqliteStore({ path: temporaryDatabasePath() })
  await store.createSubmission(newSubmission(['remove-bg'], { fileId: 'file-1' }))
  const asset = store.findAsset('file-1')
  await store.close()
  expect((await asset)?.runs).toHaveLength(1)
  await expect(store.findAsset('file-1')).rejects.toMatchObject({ code: 'store_unavailable' })
})
