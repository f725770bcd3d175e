import { expect, test } from 'vitest'
import { type Reply, startFakeTracker } from './fake-tracker.ts'
import { assetStatus, FILE_ID } from './responses.ts'
import { runCli } from './run-cli.ts'
import { findUnsafeCharacters } from './unsafe-characters.ts'

async function status(args: string[], ...replies: Reply[]) {
  let next = 0
  const tracker = await startFakeTracker(() => {
    next += 1
    return replies[next - 1] ?? { status: 500 }
  })
  const env = { TRACKER_URL: tracker.url, TRACKER_API_KEY: 'web:a-secret-of-the-tracker' }
  return { ...(await runCli(['status', ...args], { env })), requests: tracker.requests }
}

const ONE_PENDING = assetStatus({ 'remove-bg': 'pending', 'aws-auto-tagging': 'success' })
const ONE_FAILED = assetStatus({ 'remove-bg': 'failed', 'aws-auto-tagging': 'success' }, '"2"')

test('shows the extensions of a file', async () => {
  const { exitCode, stdout, stderr, requests } = await status([FILE_ID], ONE_PENDING)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  expect(stdout).toBe(
    [
      `${FILE_ID}  pending`,
      '  remove-bg         pending  (response)',
      '  aws-auto-tagging  success  (webhook)',
      '',
    ].join('\n'),
  )
  expect(requests).toMatchObject([
    {
      method: 'GET',
      url: `/assets/${FILE_ID}/status`,
      headers: { authorization: 'Bearer a-secret-of-the-tracker' },
    },
  ])
})

test("--json prints the service's object on one line", async () => {
  const { exitCode, stdout } = await status([FILE_ID, '--json'], ONE_PENDING)
  expect(exitCode).toBe(0)
  expect(stdout.trimEnd()).not.toContain('\n')
  expect(JSON.parse(stdout)).toEqual(ONE_PENDING.body)
})

test('exits with 3 if an extension failed or expired, even if others are pending', async () => {
  const failed = await status([FILE_ID], ONE_FAILED)
  expect(failed.stdout).toContain('failed   (webhook)  Could not find the foreground.')
  expect(failed.exitCode).toBe(3)
  const expired = await status([FILE_ID], assetStatus({ 'remove-bg': 'expired', 'ai-tasks': 'pending' }))
  expect(expired.exitCode).toBe(3)
})

test('--watch prints the status, then each change, until nothing is pending', async () => {
  const { exitCode, stdout } = await status([FILE_ID, '--watch'], ONE_PENDING, ONE_FAILED)
  expect(stdout.split('\n').slice(3)).toEqual([
    '  remove-bg  pending → failed  Could not find the foreground.',
    '',
  ])
  expect(exitCode).toBe(3)
})

test('--watch reports at once that nothing listens at the address', async () => {
  const env = { TRACKER_URL: 'http://127.0.0.1:1' }
  const { exitCode, stderr } = await runCli(['status', FILE_ID, '--watch'], { env })
  expect(stderr).toContain('Nothing listens at http://127.0.0.1:1.')
  expect(exitCode).toBe(1)
})

test('--watch prints nothing for a new version that changes no status', async () => {
  const same = assetStatus({ 'remove-bg': 'pending', 'aws-auto-tagging': 'success' }, '"1b"')
  const { stdout } = await status([FILE_ID, '--watch'], ONE_PENDING, same, ONE_FAILED)
  expect(stdout.split('\n').slice(3)).toEqual([
    '  remove-bg  pending → failed  Could not find the foreground.',
    '',
  ])
})

test('--watch --json prints one object per line', async () => {
  const { stdout } = await status([FILE_ID, '--watch', '--json'], ONE_PENDING, ONE_FAILED)
  const lines = stdout.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([ONE_PENDING.body, ONE_FAILED.body])
})

test('a file without extensions has the status none', async () => {
  const { exitCode, stdout } = await status([FILE_ID], assetStatus({}))
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: `${FILE_ID}  none (no extension was requested)\n`,
  })
})

test.each([[[]], [['--watch']]])('reports an unknown file, %j', async (options) => {
  const notFound = { status: 404, body: { detail: 'Nothing is known.' } }
  const { exitCode, stdout, stderr } = await status(['a..b', ...options], notFound)
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'a..b is not known to the service.\n',
  })
})

test.each(['..', '../healthz', 'a\u001b[2J', ''])(
  'the fileId %j is rejected as wrong usage, and no request is made',
  async (id) => {
    const { exitCode, stderr, requests } = await status([id], ONE_PENDING)
    expect({ exitCode, requests }).toEqual({ exitCode: 2, requests: [] })
    expect(stderr).toContain('It is not a valid fileId.')
  },
)

test('an id is encoded as one path segment', async () => {
  const { requests } = await status(['..healthz?x'], ONE_PENDING)
  expect(requests[0]?.url).toBe('/assets/..healthz%3Fx/status')
})

test('reports a response that is not from the service', async () => {
  const { exitCode, stderr } = await status([FILE_ID], { status: 200, body: { hello: 'world' } })
  expect(stderr).toContain('Does TRACKER_URL point to the service?')
  expect(exitCode).toBe(1)
})

test('colours are used on terminals only, and not with NO_COLOR', async () => {
  const tracker = await startFakeTracker(() => ONE_PENDING)
  const env = { TRACKER_URL: tracker.url }
  const green = '\u001b[32msuccess'
  expect((await runCli(['status', FILE_ID], { env, isTTY: true })).stdout).toContain(green)
  expect((await runCli(['status', FILE_ID], { env })).stdout).not.toContain('\u001b')
  const plain = await runCli(['status', FILE_ID], { env: { ...env, NO_COLOR: '1' }, isTTY: true })
  expect(plain.stdout).not.toContain('\u001b')
})

test('escape sequences in names and errors are escaped', async () => {
  const failed = assetStatus({ 'remove-bg\u001b[2J\u202e': 'failed' })
  const hostile: Reply = JSON.parse(JSON.stringify(failed).replace('foreground.', '\\u001b]0;owned\\u0007'))
  for (const options of [[], ['--watch'], ['--json']]) {
    const { stdout } = await status([FILE_ID, ...options], hostile)
    expect(stdout).toMatch(/remove-bg.*failed.*owned|owned.*remove-bg/s)
    expect(findUnsafeCharacters(stdout.replaceAll('\n', ''))).toEqual([])
  }
})
