import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OUTCOME } from '../../src/store/sql/codes.ts'
import { openConnection } from '../../src/store/sqlite/connection.ts'
import { migrateConnection } from '../../src/store/sqlite/migrations.ts'
import { migrateSqlite, openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { newDelivery, newSubmission, submit } from '../contract/facts.ts'
import { temporaryDatabase } from './sqlite-folder.ts'

const IN_USE = expect.objectContaining({
  name: 'DatabaseStartError',
  message: expect.stringContaining('in use by another process'),
})
const BUILT_STORE = fileURLToPath(new URL('../../dist/store/sqlite/open-sqlite-store.js', import.meta.url))

/** A process of the built program that holds the database and has committed one submission when this resolves. */
async function spawnHolder(path: string, submission: object) {
  const script = `
    const { openSqliteStore } = await import(process.argv[1])
    const store = openSqliteStore({ path: process.argv[2] })
    const { submissionId } = await store.createSubmission(JSON.parse(process.argv[3]))
    process.stdout.write(submissionId)
    // Collected, it would give back its lock.
    setInterval(() => store, 1000)`
  const args = ['--input-type=module', '--eval', script, BUILT_STORE, path, JSON.stringify(submission)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const [said] = await once(child.stdout, 'data')
  expect(String(said)).toMatch(/^sub_1_/)
  return { holder: child, submissionId: String(said) }
}

describe('the database file', () => {
  test('commits are synced, the log is ahead of the file, and references are held', () => {
    const path = temporaryDatabase()
    migrateSqlite(path)
    const connection = openConnection(path)
    onTestFinished(() => {
      connection.close()
    })
    migrateConnection(connection)
    const inForce = (name: string) => connection.pragma(name, { simple: true })
    expect(inForce('journal_mode')).toBe('wal')
    expect(inForce('synchronous')).toBe(2)
    expect(inForce('foreign_keys')).toBe(1)
    expect(inForce('busy_timeout')).toBe(250)
  })

  test('migrations run once', async () => {
    const path = temporaryDatabase()
    expect(migrateSqlite(path)).toBeGreaterThan(0)
    expect(migrateSqlite(path)).toBe(0)
    await openSqliteStore({ path }).close()
    expect(migrateSqlite(path)).toBe(0)
  })

  test('a second process is refused while the first lives, and finds its commits once it was killed', async () => {
    const path = temporaryDatabase()
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

  test('it is refused a second time in the same process too, and free after the close', async () => {
    const path = temporaryDatabase()
    const store = openSqliteStore({ path })
    expect(() => openSqliteStore({ path })).toThrow(IN_USE)
    await store.close()
    await openSqliteStore({ path }).close()
  })

  test('it is refused under another name for the same file too', async () => {
    const path = temporaryDatabase()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    symlinkSync(path, `${path}-link`)
    expect(() => openSqliteStore({ path: `${path}-link` })).toThrow(IN_USE)
  })

  test('a file that is no database is refused, left as it is, and not kept locked', async () => {
    const path = temporaryDatabase()
    mkdirSync(dirname(path))
    writeFileSync(path, 'no database at all, but a text that someone kept here'.repeat(20))
    for (let count = 0; count < 2; count++)
      expect(() => openSqliteStore({ path })).toThrow(expect.objectContaining({ code: 'store_unavailable' }))
    expect(existsSync(`${path}-wal`)).toBe(false)
  })

  test('a delivery is kept byte for byte, with its headers and where it belongs', async () => {
    const path = temporaryDatabase()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    const submissionId = await submit(store, ['remove-bg'])
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    const headers = { 'content-type': 'application/json', 'x-odd': 'ü"\u0000' }
    const word = { service: 'remove-bg', status: 'success', fileId: null } as const
    await store.recordDelivery(newDelivery(submissionId, word, { body, headers }))

    const other = new Database(path, { readonly: true })
    onTestFinished(() => {
      other.close()
    })
    const query = 'SELECT * FROM deliveries JOIN delivery_bodies USING (n) ORDER BY n'
    const [kept] = other.prepare<[], { headers: string }>(query).all()
    expect(kept).toMatchObject({ outcome: OUTCOME.to.applied, run: 1, body })
    expect(JSON.parse(kept?.headers ?? '')).toEqual(headers)
  })

  test('is made for its owner alone, and so are its log and index', async () => {
    const path = temporaryDatabase()
    const store = openSqliteStore({ path })
    onTestFinished(() => store.close())
    await store.createSubmission(newSubmission(['remove-bg']))
    const modes = ['', '-wal', '-shm'].map((end) => (statSync(path + end).mode & 0o777).toString(8))
    expect(modes).toEqual(['600', '600', '600'])
  })
})
