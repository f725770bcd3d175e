import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from '../support/program.ts'
import { ADMIN_KEY, API_KEY, temporaryDirectory } from '../support/tracker.ts'

const EXAMPLE = fileURLToPath(new URL('../../.env.example', import.meta.url))
const LISTENING = /"url":"(http:[^"]+)","msg":"listening"/

function directoryWith(lines: readonly string[]): string {
  const directory = temporaryDirectory()
  writeFileSync(join(directory, '.env'), lines.join('\n'))
  return directory
}

/** `LOG_LEVEL` is invalid, so `serve` starts only if the environment variable takes precedence. */
const SETTINGS = [
  '# A comment, and the line below is one too:',
  '# PORT=1',
  'IMAGEKIT_PRIVATE_KEY=private_x',
  'PORT=0',
  `TRACKER_API_KEY=app:${API_KEY}`,
  `TRACKER_ADMIN_KEY="operator:${ADMIN_KEY}"`,
  'DATABASE_URL=file:./own.db',
  'LOG_LEVEL=not-a-level',
]

test('serve, failures and migrate read .env from the working directory, and environment variables take precedence', async () => {
  const cwd = directoryWith(SETTINGS)
  const service = runProgram(['serve'], { LOG_LEVEL: 'info' }, { cwd })
  const [, url = ''] = await service.printed(LISTENING)
  expect((await fetch(`${url}/assets/x/status`)).status).toBe(401)
  const headers = { authorization: `Bearer ${API_KEY}` }
  expect((await fetch(`${url}/assets/x/status`, { headers })).status).toBe(404)

  const failures = runProgram(['failures', '--json'], { TRACKER_URL: url }, { cwd })
  // Takes precedence over the right key in .env.
  const wrongKey = { TRACKER_URL: url, TRACKER_ADMIN_KEY: 'another-key-0123456789' }
  const rejected = runProgram(['failures'], wrongKey, { cwd })
  // The running service uses this database too.
  const locked = runProgram(['migrate'], {}, { cwd })
  expect(await Promise.all([failures.exited, rejected.exited, locked.exited])).toEqual([0, 1, 2])
  expect(locked.output()).toContain('in use')
})

test('a NAME_FILE environment variable takes precedence over NAME in .env', async () => {
  const cwd = directoryWith(SETTINGS)
  const file = join(cwd, 'api-key')
  writeFileSync(file, 'key-from-a-file-0123456789')
  const service = runProgram(['serve'], { LOG_LEVEL: 'info', TRACKER_API_KEY_FILE: file }, { cwd })
  const [, url = ''] = await service.printed(LISTENING)
  const headers = { authorization: 'Bearer key-from-a-file-0123456789' }
  expect((await fetch(`${url}/assets/x/status`, { headers })).status).toBe(404)
})

test('a directory named .env is ignored', async () => {
  const cwd = temporaryDirectory()
  mkdirSync(join(cwd, '.env'))
  expect(await runProgram(['migrate'], {}, { cwd }).exited).toBe(0)
})

test('with an unchanged .env.example as .env and a HOST that is not loopback, serve exits with 2 and names each placeholder', async () => {
  const cwd = temporaryDirectory()
  copyFileSync(EXAMPLE, join(cwd, '.env'))
  const service = runProgram(['serve'], { HOST: '0.0.0.0' }, { cwd })
  expect(await service.exited).toBe(2)
  for (const name of ['IMAGEKIT_PRIVATE_KEY', 'TRACKER_API_KEY', 'TRACKER_ADMIN_KEY', 'TRACKER_TOKEN_SECRET'])
    expect(service.output()).toMatch(new RegExp(`${name}: .*placeholder`))
})

test('serve and migrate warn about a variable whose name resembles one of ours, and do not print its value', async () => {
  // The first four lines set only IMAGEKIT_PRIVATE_KEY and PORT.
  const cwd = directoryWith([...SETTINGS.slice(0, 4), `TRACKER_APIKEY=${API_KEY}`])
  const service = runProgram(['serve'], {}, { cwd })
  await service.printed(LISTENING)
  const migrate = runProgram(['migrate'], { DATABASE_URL: 'file:./other.db' }, { cwd })
  expect(await migrate.exited).toBe(0)
  for (const program of [service, migrate]) {
    expect(program.output()).toMatch(/TRACKER_APIKEY .*did you mean TRACKER_API_KEY/)
    expect(program.output()).not.toContain(API_KEY)
  }
})
