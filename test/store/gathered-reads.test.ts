import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { gatherReads } from '../../src/store/sqlite/gathered-reads.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { newSubmission } from '../contract/facts.ts'
import { temporaryDatabase } from './sqlite-folder.ts'

/** Notes what is read, and in which transaction; `fail` may throw in its place. */
function gathered(fail: (key: string) => void = () => {}) {
  const connection = new Database(':memory:')
  onTestFinished(() => {
    connection.close()
  })
  const keys: string[] = []
  const reads = gatherReads(connection, (key) => {
    keys.push(key)
    fail(key)
    return { key, together: connection.inTransaction }
  })
  return { ...reads, keys, connection }
}

test('what is asked for at once is read together, later, and in its order', async () => {
  const { find, keys, connection } = gathered()
  const asked = ['a', 'b', 'a'].map(find)
  expect(keys).toEqual([])
  expect(await Promise.all(asked)).toEqual(['a', 'b', 'a'].map((key) => ({ key, together: true })))
  expect(keys).toEqual(['a', 'b', 'a'])
  expect(connection.inTransaction).toBe(false)
})

test('a very large batch is split, and all of it is read', async () => {
  const { find, keys } = gathered()
  const names = Array.from({ length: 2_500 }, (_, index) => `f${index}`)
  const asked = names.map(find)
  await asked[0]
  expect(keys).toHaveLength(1_000)
  await Promise.all(asked)
  expect(keys).toEqual(names)
})

test('a read that fails fails alone', async () => {
  const failure = new Error('not JSON')
  const { find } = gathered((key) => {
    if (key === 'bad') throw failure
  })
  const [before, bad, after] = await Promise.allSettled(['a', 'bad', 'b'].map(find))
  expect([before, after]).toMatchObject([{ value: { key: 'a' } }, { value: { key: 'b' } }])
  expect(bad).toEqual({ status: 'rejected', reason: failure })
})

test('a file that somebody holds is waited for once, not for each read', async () => {
  const busy = new Database.SqliteError('database is locked', 'SQLITE_BUSY')
  let isHeld = true
  const { find, keys, connection } = gathered(() => {
    if (isHeld) throw busy
  })
  const settled = await Promise.allSettled(['a', 'b', 'c'].map(find))
  expect(settled.map((each) => each.status === 'rejected' && each.reason === busy)).toEqual([
    true,
    true,
    true,
  ])
  expect(keys).toEqual(['a'])
  expect(connection.inTransaction).toBe(false)
  isHeld = false
  expect(await find('a')).toMatchObject({ key: 'a' })
})

test('what was asked for is answered though the store is closed at once', async () => {
  const store = openSqliteStore({ path: temporaryDatabase() })
  await store.createSubmission(newSubmission(['remove-bg'], { fileId: 'file-1' }))
  const asked = store.findAsset('file-1')
  await store.close()
  expect((await asked)?.runs).toHaveLength(1)
  await expect(store.findAsset('file-1')).rejects.toMatchObject({ code: 'store_unavailable' })
})
