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
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { getReadiness, register, sendSuccess, sendUpload, statusOf } from './disk/service-calls.ts'

const PAGE_BYTES = 4096

function settings(path: string) {
  return { IMAGEKIT_PRIVATE_KEY: 'any', DATABASE_URL: `file:${path}`, PORT: '0' }
}

/** Overwrites everything after the first page with garbage, like a failing disk. */
function corrupt(path: string): { restore: () => void } {
  const original = readFileSync(path)
  const garbage = Buffer.alloc(original.length, 0xa5)
  original.copy(garbage, 0, 0, PAGE_BYTES)
  writeFileSync(path, garbage)
  return { restore: () => writeFileSync(path, original) }
}

/** Writes all commits from the WAL into the database file, and invalidates the page cache of the service. */
function checkpoint(path: string): void {
  const other = new Database(path)
  other.pragma('user_version = 1')
  other.pragma('wal_checkpoint(TRUNCATE)')
  other.close()
}

test('if the file is not a database, migrate prints why and exits with 2, and serve keeps running and responds with 503', async () => {
  const path = join(temporaryDirectory(), 'text.db')
  writeFileSync(path, 'not a database, but a text file'.repeat(34))
  const migrate = runProgram(['migrate'], settings(path))
  expect(await migrate.exited).toBe(2)
  const message = `DATABASE_URL: the database ${path} cannot be opened: file is not a database`
  expect(migrate.output().trim()).toBe(message)

  const service = await runServe(settings(path))
  const { url, process } = service
  const [line] = await service.printed(/^.*it will be retried.*$/m)
  expect(JSON.parse(line)).toMatchObject({ err: { message } })
  expect(await getReadiness(url)).toMatchObject({
    status: 503,
    retryAfter: '5',
    body: { code: 'store_unavailable', detail: expect.stringContaining('file is not a database') },
  })
  expect(process.exitCode).toBeNull()
  expect(readFileSync(path, 'utf8')).toMatch(/^not a database/)
})

test('if the path is that of a folder, serve and migrate print it and the reason, and exit with 2', async () => {
  const path = join(temporaryDirectory(), 'folder.db')
  mkdirSync(path)
  for (const command of ['serve', 'migrate']) {
    const program = runProgram([command], settings(path))
    expect(await program.exited).toBe(2)
    const message = `DATABASE_URL: no database can be opened or created at ${path}: it is not a file`
    expect(program.output().split('\n')).toContain(message)
  }
})

test('while the database is damaged, the service responds with 503 and uploads nothing; once the file is restored, it works again', async () => {
  const path = join(temporaryDirectory(), 'tracker.db')
  const imagekit = await startMisbehavingImagekit((call) => call.readForm())
  const env = { ...settings(path), IMAGEKIT_UPLOAD_URL: imagekit.url }
  const service = await runServe(env)
  const { url } = service
  const known = await register(url, 'known')
  expect(await sendSuccess(known)).toMatchObject({ status: 200 })
  const pending = await register(url, 'pending')
  checkpoint(path)
  const { restore } = corrupt(path)

  expect(await sendSuccess(pending)).toMatchObject({ status: 503, retryAfter: '5' })
  expect(await sendUpload(url)).toMatchObject({ status: 503, retryAfter: '5' })
  expect(await getReadiness(url)).toMatchObject({ status: 503, body: { code: 'store_unavailable' } })
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect(imagekit.calls.filter((call) => call.hasWholeForm)).toEqual([])
  service.process.kill('SIGTERM')
  expect(await service.exited).toBe(0)

  const restarted = await runServe({ ...env, PORT: new URL(url).port })
  expect(await getReadiness(url)).toMatchObject({
    status: 503,
    body: { detail: expect.stringMatching(/malformed/) },
  })
  expect(await sendSuccess(pending)).toMatchObject({ status: 503, retryAfter: '5' })

  restore()
  await expect.poll(async () => (await getReadiness(url)).status).toBe(200)
  expect(await statusOf(restarted.url, 'known')).toBe('success')
  expect(await sendSuccess(pending)).toMatchObject({ status: 200, body: { outcome: 'applied' } })
  expect(await statusOf(restarted.url, 'pending')).toBe('success')
})

test('serve and migrate exit with 2 for a database with a newer schema, name both schemas, and leave the file unchanged', async () => {
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

test('serve and migrate exit with 2 for a database file with a second hard link; once the link is removed, migrate works', async () => {
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

test('at startup the service logs how many frames the write-ahead log has, and how many of them were recovered', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'tracker.db')
  const opened = /"recoveredFrames":(\d+),"framesInLog":(\d+),.*"msg":"database opened"/
  const service = await runServe(settings(path))
  await service.printed(opened)
  for (const name of ['a', 'b', 'c']) await register(service.url, name)
  service.process.kill('SIGKILL')
  await service.exited

  const damaged = join(temporaryDirectory(), 'tracker.db')
  for (const suffix of ['', '-wal']) copyFileSync(path + suffix, damaged + suffix)
  const restarted = await runServe(settings(path))
  const [, recovered, inLog] = await restarted.printed(opened)
  expect(Number(recovered)).toBeGreaterThan(0)
  expect(recovered).toBe(inLog)

  // A flipped bit makes the checksum of the last frame wrong, so SQLite recovers only the commits before it.
  const log = readFileSync(`${damaged}-wal`)
  log.writeUInt8((log.at(-1) ?? 0) ^ 1, log.length - 1)
  writeFileSync(`${damaged}-wal`, log)
  const [, recoveredFromDamaged, inDamagedLog] = await (await runServe(settings(damaged))).printed(opened)
  expect(inDamagedLog).toBe(inLog)
  expect(Number(recoveredFromDamaged)).toBeLessThan(Number(recovered))
})

test('at startup the service removes a backup that kill -9 interrupted, and nothing else', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'tracker.db')
  const service = await runServe(settings(path))
  const registered = await Promise.all(
    Array.from({ length: 20 }, (_, index) => register(service.url, `${index}`)),
  )
  for (const one of registered) await sendSuccess(one, 'x'.repeat(900_000))
  const unrelated = ['backup-a1B2c3', '.tracker.db-backup-of-mine', '.other.db-backup-a1B2c3']
  for (const name of unrelated) mkdirSync(join(directory, name))

  const watcher = watch(directory, (_, name) => {
    if (name !== null && !unrelated.includes(name) && name.includes('backup-'))
      service.process.kill('SIGKILL')
  })
  onTestFinished(() => watcher.close())
  await expect(fetch(`${service.url}/backup`, { method: 'POST' })).rejects.toThrow()
  await service.exited
  const folders = () => readdirSync(directory).filter((name) => name.includes('backup-'))
  expect(folders()).toHaveLength(unrelated.length + 1)
  // Whoever can read the lock file could take the lock, and keep the service from starting.
  expect(statSync(`${path}-lock`).mode & 0o777).toBe(0o600)

  await runServe(settings(path))
  expect(folders().toSorted()).toEqual(unrelated.toSorted())
})
