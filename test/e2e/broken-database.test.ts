import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
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
  expect(await migrate.exited).toBe(2)
  const said = `DATABASE_URL: the database ${path} cannot be opened: file is not a database`
  expect(migrate.output().trim()).toBe(said)

  const service = await runServe(settings(path))
  const { url, process } = service
  const [line] = await service.printed(/^.*it is tried again.*$/m)
  expect(JSON.parse(line)).toMatchObject({ err: { message: said } })
  expect(await isReady(url)).toMatchObject({
    status: 503,
    retryAfter: '5',
    body: { code: 'store_unavailable', detail: expect.stringContaining('file is not a database') },
  })
  expect(process.exitCode).toBeNull()
  expect(readFileSync(path, 'utf8')).toMatch(/^no database at all/)
})

test('a database that is not there and can not be made ends serve and migrate with 2, which and why', async () => {
  const path = join(temporaryDirectory(), 'folder.db')
  mkdirSync(path)
  for (const command of ['serve', 'migrate']) {
    const program = runProgram([command], settings(path))
    expect(await program.exited).toBe(2)
    const said = `DATABASE_URL: no database can be opened or made at ${path}: it is not a file`
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

test('a database with a newer schema ends serve and migrate with 2, and both schemas are named', async () => {
  const path = join(temporaryDirectory(), 'tracker.db')
  expect(await runProgram(['migrate'], settings(path)).exited).toBe(0)
  const other = new Database(path)
  const known = other.prepare('SELECT count(*) FROM __drizzle_migrations').pluck().get() as number
  other
    .prepare('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
    .run('of a later version', Date.parse('2099-01-02T03:04:05.678Z'))
  other.close()
  const before = readFileSync(path)
  for (const command of ['serve', 'migrate']) {
    const program = runProgram([command], settings(path))
    expect(await program.exited).toBe(2)
    expect(program.output()).toMatch(
      new RegExp(
        `The database ${path} has schema ${known + 1} \\(2099-01-02T03:04:05.678Z\\), ` +
          `which this program does not know\\. It supports schema ${known} \\(20\\S+Z\\)\\.`,
      ),
    )
  }
  expect(readFileSync(path)).toEqual(before)
})

test('a database file with a hard link ends serve and migrate with 2 until the link is removed', async () => {
  const path = join(temporaryDirectory(), 'tracker.db')
  expect(await runProgram(['migrate'], settings(path)).exited).toBe(0)
  linkSync(path, `${path}.link`)
  const commands = { serve: path, migrate: `${path}.link` }
  for (const [command, from] of Object.entries(commands)) {
    const program = runProgram([command], settings(from))
    expect(await program.exited).toBe(2)
    expect(program.output()).toContain(`The database ${from} has 2 hard links.`)
  }
  rmSync(`${path}.link`)
  expect(await runProgram(['migrate'], settings(path)).exited).toBe(0)
})

test('the start logs how many frames of the write-ahead log were recovered', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'tracker.db')
  const opened = /"recoveredFrames":(\d+),"framesInLog":(\d+),.*"msg":"database opened"/
  const service = await runServe(settings(path))
  await service.printed(opened)
  for (const name of ['a', 'b', 'c']) await register(service.url, name)
  service.process.kill('SIGKILL')
  await service.exited

  const damaged = join(temporaryDirectory(), 'tracker.db')
  for (const end of ['', '-wal']) copyFileSync(path + end, damaged + end)
  const restarted = await runServe(settings(path))
  const [, recovered, inLog] = await restarted.printed(opened)
  expect(Number(recovered)).toBeGreaterThan(0)
  expect(recovered).toBe(inLog)

  const log = readFileSync(`${damaged}-wal`)
  log.writeUInt8((log.at(-1) ?? 0) ^ 1, log.length - 1)
  writeFileSync(`${damaged}-wal`, log)
  const [, fewer, asMany] = await (await runServe(settings(damaged))).printed(opened)
  expect(asMany).toBe(inLog)
  expect(Number(fewer)).toBeLessThan(Number(recovered))
})

test('a start removes the backup that kill -9 interrupted, and nothing else', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'tracker.db')
  const service = await runServe(settings(path))
  const told = await Promise.all(Array.from({ length: 20 }, (_, index) => register(service.url, `${index}`)))
  for (const one of told) await tellSuccess(one, 'x'.repeat(900_000))
  const own = ['backup-a1B2c3', '.tracker.db-backup-of-mine', '.other.db-backup-a1B2c3']
  for (const name of own) mkdirSync(join(directory, name))

  const watcher = watch(directory, (_, name) => {
    if (name !== null && !own.includes(name) && name.includes('backup-')) service.process.kill('SIGKILL')
  })
  onTestFinished(() => watcher.close())
  await expect(fetch(`${service.url}/backup`, { method: 'POST' })).rejects.toThrow()
  await service.exited
  const folders = () => readdirSync(directory).filter((name) => name.includes('backup-'))
  expect(folders()).toHaveLength(own.length + 1)
  expect(statSync(`${path}-lock`).mode & 0o777).toBe(0o600)

  await runServe(settings(path))
  expect(folders().toSorted()).toEqual(own.toSorted())
})
