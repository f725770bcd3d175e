import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { isReady, register, sendUpload, statusOf, tellSuccess } from '../chaos/disk/service-calls.ts'
import { startBrokenImagekit } from '../support/broken-imagekit.ts'
import { runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

const PAGE_BYTES = 4096

function settings(path: string) {
  return { IMAGEKIT_PRIVATE_KEY: 'any', DATABASE_URL: `file:${path}`, PORT: '0' }
}

/** Everything behind the first page becomes nonsense, as on a disk that loses what it was given. */
function scribbleOver(path: string): { restore: () => void } {
  const whole = readFileSync(path)
  const nonsense = Buffer.alloc(whole.length, 0xa5)
  whole.copy(nonsense, 0, 0, PAGE_BYTES)
  writeFileSync(path, nonsense)
  return { restore: () => writeFileSync(path, whole) }
}

/** Brings all that is committed into the file itself, and makes the service read it anew. */
function emptyLog(path: string): void {
  const other = new Database(path)
  other.pragma('user_version = 1')
  other.pragma('wal_checkpoint(TRUNCATE)')
  other.close()
}

test('a file that is no database ends migrate with a sentence that says which and why, and is waited for by serve', async () => {
  const path = join(temporaryDirectory(), 'text.db')
  writeFileSync(path, 'no database at all, but a text that someone kept here'.repeat(20))
  const migrate = runProgram(['migrate'], settings(path))
  expect(await migrate.exited).toBe(1)
  expect(migrate.output()).toContain(`The database ${path} cannot be opened: file is not a database`)
  expect(migrate.output().trim().split('\n')).toHaveLength(1)

  const { url, process } = await runServe(settings(path))
  expect(await isReady(url)).toMatchObject({
    status: 503,
    retryAfter: '5',
    body: { code: 'store_unavailable', detail: expect.stringContaining('file is not a database') },
  })
  expect(process.exitCode).toBeNull()
  expect(readFileSync(path, 'utf8')).toMatch(/^no database at all/)
})

test('a database that is not there and can not be made ends serve and migrate with 1, which and why', async () => {
  const path = join(temporaryDirectory(), 'folder.db')
  mkdirSync(path)
  for (const command of ['serve', 'migrate']) {
    const program = runProgram([command], settings(path))
    expect(await program.exited).toBe(1)
    const said = `The database ${path} cannot be opened: unable to open database file`
    expect(program.output().split('\n')).toContain(said)
  }
})

test('a database that is damaged while the service runs is told, takes nothing in, and is whole again once restored', async () => {
  const path = join(temporaryDirectory(), 'tracker.db')
  const imagekit = await startBrokenImagekit((call) => call.readForm())
  const env = { ...settings(path), IMAGEKIT_UPLOAD_URL: imagekit.url }
  const service = await runServe(env)
  const { url } = service
  const known = await register(url, 'known')
  expect(await tellSuccess(known)).toMatchObject({ status: 200 })
  const untold = await register(url, 'untold')
  emptyLog(path)
  const { restore } = scribbleOver(path)

  expect(await tellSuccess(untold)).toMatchObject({ status: 503, retryAfter: '5' })
  expect(await sendUpload(url)).toMatchObject({ status: 503, retryAfter: '5' })
  expect(await isReady(url)).toMatchObject({ status: 503, body: { code: 'store_unavailable' } })
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect(imagekit.calls.filter((call) => call.hasWholeForm)).toEqual([])
  service.process.kill('SIGTERM')
  expect(await service.exited).toBe(0)

  const restored = await runServe({ ...env, PORT: new URL(url).port })
  expect(await isReady(url)).toMatchObject({
    status: 503,
    body: { detail: expect.stringMatching(/malformed/) },
  })
  expect(await tellSuccess(untold)).toMatchObject({ status: 503, retryAfter: '5' })

  restore()
  await expect.poll(async () => (await isReady(url)).status).toBe(200)
  expect(await statusOf(restored.url, 'known')).toBe('success')
  expect(await tellSuccess(untold)).toMatchObject({ status: 200, body: { outcome: 'applied' } })
  expect(await statusOf(restored.url, 'untold')).toBe('success')
})
