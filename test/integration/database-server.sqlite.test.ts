import { expect, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { runCli } from '../cli/run-cli.ts'
import { ask } from '../support/operator.ts'
import { ADMIN_KEY, type RunningTracker, startTracker, temporaryDirectory } from '../support/tracker.ts'

/** Starts a service whose DATABASE_URL names a server. Its store is a SQLite file, because only the configuration matters here. */
async function startWithServer(): Promise<RunningTracker> {
  const store = openSqliteStore({ path: `${temporaryDirectory()}/tracker.db` })
  const env = {
    DATABASE_URL: 'postgres://tracker:hush-hush@db.example:5432/tracker',
    TRACKER_TOKEN_SECRET: 'token-secret-of-the-tests',
  }
  return startTracker(env, { store })
}

test('a backup of a database server is rejected, and the response and the command name pg_dump', async () => {
  const tracker = await startWithServer()
  const { status, json } = await ask(tracker, '/backup', { method: 'POST' })
  expect({ status, json }).toMatchObject({
    status: 501,
    json: { code: 'backup_unsupported', detail: expect.stringContaining('pg_dump') },
  })
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  const command = await runCli(['backup', `${temporaryDirectory()}/copy.db`], { env })
  expect(command).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining('pg_dump') })
})

test('doctor names the server without the password, and checks no disk', async () => {
  const tracker = await startWithServer()
  const { json } = await ask<{ checks: { name: string; message: string }[] }>(tracker, '/doctor')
  const names = json.checks.map(({ name }) => name)
  expect(names).toContain('token secret')
  expect(names).not.toContain('disk')
  expect(json.checks.find(({ name }) => name === 'database')?.message).toBe(
    'postgres://tracker@db.example:5432/tracker is writable',
  )
  expect(JSON.stringify(json)).not.toContain('hush-hush')
})
