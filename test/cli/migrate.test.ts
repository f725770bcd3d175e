import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { runCli } from './run-cli.ts'

let directory: string
let path: string
let env: { DATABASE_URL: string }

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cli-migrate-'))
  path = join(directory, 'data', 'tracker.db')
  env = { DATABASE_URL: `file:${path}` }
})
afterEach(() => rm(directory, { recursive: true }))

test('creates the database, and finds it up to date the next time, without a private key', async () => {
  const first = await runCli(['migrate'], { env })
  expect(first.stdout).toMatch(/tracker\.db is up to date: \d+ migrations? ran\.\n$/)
  const second = await runCli(['migrate'], { env })
  expect(second).toEqual({ exitCode: 0, stdout: `${path} was already up to date.\n`, stderr: '' })
  expect(first.exitCode).toBe(0)
})

test('while the database is in use, the command exits with 2 and says so', async () => {
  const store = openSqliteStore({ path })
  const result = await runCli(['migrate'], { env })
  await store.close()
  expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('is in use') })
  expect(await runCli(['migrate'], { env })).toMatchObject({ exitCode: 0 })
})

test('with an unusable DATABASE_URL, the command exits with 2 and names the variable', async () => {
  const wrong = await runCli(['migrate'], { env: { DATABASE_URL: 'mysql://localhost' } })
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('DATABASE_URL') })
  const directoryAsFile = await runCli(['migrate'], { env: { DATABASE_URL: `file:${directory}` } })
  expect(directoryAsFile).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('DATABASE_URL') })
})
