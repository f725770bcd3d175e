import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { newDelivery, newSubmission } from '../contract/builders.ts'
import { countsOf, listEveryRun, submit } from '../contract/store-calls.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

function openStore() {
  const path = temporaryDatabasePath()
  const store = openSqliteStore({ path })
  onTestFinished(() => store.close())
  return { path, store }
}

test('A backup that is made while writes continue is complete and intact, and can be opened', async () => {
  const { path, store } = openStore()
  const body = Buffer.alloc(30_000, 7)
  const write = async () => {
    const submissionId = await submit(store, ['remove-bg'])
    const result = { service: 'remove-bg', status: 'failed', fileId: null } as const
    await store.recordDelivery(newDelivery(submissionId, result, { body }))
  }
  await Promise.all(Array.from({ length: 150 }, write))
  const copy = `${path}-copy`
  let isDone = false
  let written = 0
  const backup = store.backUp(copy).then(() => {
    isDone = true
  })
  while (!isDone) {
    await write()
    written += 1
  }
  await backup
  expect(written).toBeGreaterThan(1)

  const connection = new Database(copy)
  expect(connection.pragma('integrity_check', { simple: true })).toBe('ok')
  expect(connection.pragma('foreign_key_check')).toEqual([])
  connection.close()
  const restored = openSqliteStore({ path: copy })
  onTestFinished(() => restored.close())
  const runs = await listEveryRun(restored)
  expect(runs.length).toBeGreaterThanOrEqual(150)
  // Each commit that was made during the backup is in the copy completely, with its counts, or not at all.
  const { groups } = await restored.readStats(0, 1)
  for (const status of ['failed', 'pending'])
    expect(groups.find((group) => group.status === status)?.count ?? 0).toBe(
      runs.filter(({ run }) => run.status === status).length,
    )
})

test('A backup has the same runs and counts as the original', async () => {
  const { path, store } = openStore()
  const submissions = Array.from({ length: 20 }, () => newSubmission(['remove-bg', 'ai-tasks']))
  await Promise.all(submissions.map((one) => store.createSubmission(one)))
  const copy = `${path}-copy`
  await store.backUp(copy)
  const restored = openSqliteStore({ path: copy })
  onTestFinished(() => restored.close())
  expect(await listEveryRun(restored)).toEqual(await listEveryRun(store))
  expect(await countsOf(restored)).toEqual(await countsOf(store))
})

test('An existing file is not overwritten', async () => {
  const { path, store } = openStore()
  const copy = `${path}-copy`
  writeFileSync(copy, 'somebody’s own')
  await expect(store.backUp(copy)).rejects.toMatchObject({ code: 'EEXIST' })
  expect(readFileSync(copy, 'utf8')).toBe('somebody’s own')
  await expect(store.backUp(path)).rejects.toMatchObject({ code: 'EEXIST' })
  await store.probe()
})

test('A backup into a folder that does not exist fails and creates nothing', async () => {
  const { path, store } = openStore()
  await expect(store.backUp(`${path}-no/such/folder`)).rejects.toMatchObject({ code: 'ENOENT' })
  expect(existsSync(`${path}-no`)).toBe(false)
})
