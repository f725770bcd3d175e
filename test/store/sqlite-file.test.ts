import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OUTCOME } from '../../src/store/sql/codes.ts'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import {
  migrateConnection,
  migrateSqlite,
  openSqliteStore,
} from '../../src/store/sqlite/open-sqlite-store.ts'
import { newDelivery, newSubmission } from '../contract/builders.ts'
import { submit } from '../contract/store-calls.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

const IN_USE = expect.objectContaining({
  name: 'DatabaseStartError',
  message: expect.stringContaining('in use by another process'),
})
const BUILT_STORE = fileURLToPath(new URL('../../dist/store/sqlite/open-sqlite-store.js', import.meta.url))

/** Starts a process that opens the database with the built program. Resolves once it has committed a submission. */
async function spawnHolder(path: string, submission: object) {
  const script = `
    const { openSqliteStore } = await import(process.argv[1])
    const store = openSqliteStore({ path: process.argv[2] })
    const { submissionId } = await store.createSubmission(JSON.parse(process.argv[3]))
    process.stdout.write(submissionId)
    // If the store were garbage-collected, its lock would be released.
    setInterval(() => store, 1000)`
  const args = ['--input-type=module', '--eval', script, BUILT_STORE, path, JSON.stringify(submission)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const [output] = await once(child.stdout, 'data')
  expect(String(output)).toMatch(/^sub_1_/)
  return { holder: child, submissionId: String(output) }
}

describe('the database file', () => {
  test('commits are synced, the write-ahead log is on, foreign keys are enforced, and locks are waited for', () => {
    const path = temporaryDatabasePath()
    migrateSqlite(path)
    const connection = openConnection(path)
    onTestFinished(() => {
      connection.close()
    })
    migrateConnection(connection)
    const settingOf = (name: string) => connection.pragma(name, { simple: true })
    expect(settingOf('journal_mode')).toBe('wal')
    // FULL
    expect(settingOf('synchronous')).toBe(2)
    expect(settingOf('foreign_keys')).toBe(1)
    expect(settingOf('busy_timeout')).toBe(250)
  })

  test('migrations run once', async () => {
    const path = temporaryDatabasePath()
    expect(migrateSqlite(path)).toBeGreaterThan(0)
    expect(migrateSqlite(path)).toBe(0)
    await openSqliteStore({ path }).close()
    expect(migrateSqlite(path)).toBe(0)
  })

  test('a second process is rejected while the first is running, and finds the commits of the first after that was killed', async () => {
    const path = temporaryDatabasePath()
    const { holder, submissionId } = await spawnHolder(path, newSubmission(['remove-bg']))

    expect(() => openSqliteStore({ path })).toThrow(IN_USE)
    expect(() => migrateSqlite(path)).toThrow(/in use by another process/)
    holder.kill('SIGKILL')
    await once(holder, 'exit')

    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    expect((await store.findSubmission(submissionId))?.runs).toHaveLength(1)
    expect(await store.recoverAbandoned(5_000, 5_000)).toEqual({ submissions: 1 })
  })

  test('a second store is rejected even in the same process, until the first is closed', async () => {
    const path = temporaryDatabasePath()
    const store = openSqliteStore({ path })
    expect(() => openSqliteStore({ path })).toThrow(IN_USE)
    await store.close()
    await openSqliteStore({ path }).close()
  })

  test('a second store is rejected even if it opens the file through a symbolic link', async () => {
    const path = temporaryDatabasePath()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    symlinkSync(path, `${path}-link`)
    expect(() => openSqliteStore({ path: `${path}-link` })).toThrow(IN_USE)
  })

  test('a file that is not a database is rejected, stays unchanged, and is not locked', async () => {
    const path = temporaryDatabasePath()
    mkdirSync(dirname(path))
    const text = 'no database at all, but a text that someone kept here'.repeat(20)
    writeFileSync(path, text)
    // If the first attempt kept the lock, the second would fail with another error, which has no code.
    for (let count = 0; count < 2; count++)
      expect(() => openSqliteStore({ path })).toThrow(expect.objectContaining({ code: 'store_unavailable' }))
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  test('a delivery is stored byte for byte, with its headers and its run', async () => {
    const path = temporaryDatabasePath()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    const submissionId = await submit(store, ['remove-bg'])
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const headers = { 'content-type': 'application/json', 'x-odd': 'ü"\u0000' }
    const result = { service: 'remove-bg', status: 'success', fileId: null } as const
    await store.recordDelivery(newDelivery(submissionId, result, { body, headers }))

    const other = new Database(path, { readonly: true })
    onTestFinished(() => {
      other.close()
    })
    const query = 'SELECT * FROM deliveries JOIN delivery_bodies USING (n) ORDER BY n'
    const [kept] = other.prepare<[], { headers: string }>(query).all()
    expect(kept).toMatchObject({ outcome: OUTCOME.to.applied, run: 1, body })
    expect(JSON.parse(kept?.headers ?? '')).toEqual(headers)
  })

  test('the database file, its -wal file and its -shm file are readable only by their owner', async () => {
    const path = temporaryDatabasePath()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    await store.createSubmission(newSubmission(['remove-bg']))
    const modes = ['', '-wal', '-shm'].map((suffix) => (statSync(path + suffix).mode & 0o777).toString(8))
    expect(modes).toEqual(['600', '600', '600'])
  })
})
