// After each of these failures, `upload` exits with 1 and explains the failure on stderr.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen, startFakeTracker } from './fake-tracker.ts'
import { SUBMISSION_ID } from './responses.ts'
import { runCli } from './run-cli.ts'

const KEY = 'a-secret-of-the-tracker'
let directory: string
let path: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cli-upload-'))
  path = join(directory, 'pho"to ä.png')
  await writeFile(path, 'some bytes')
})
afterAll(() => rm(directory, { recursive: true }))

test.each([
  ['there is no such file', 'missing.png'],
  ['is a directory', '.'],
])('a path that cannot be uploaded is reported: %s', async (sentence, name) => {
  const { exitCode, stdout, stderr } = await runCli(['upload', join(directory, name)])
  expect(stderr).toContain(sentence)
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
})

test('an address at which nothing listens is reported', async () => {
  const { exitCode, stderr } = await runCli(['upload', path], {
    env: { TRACKER_URL: 'http://127.0.0.1:1' },
  })
  expect(stderr).toContain('Nothing listens at http://127.0.0.1:1. Is "extension-tracker serve" running')
  expect(exitCode).toBe(1)
})

test.each([
  ['no key, though one is required', {}, 401, 'set TRACKER_API_KEY or TRACKER_ADMIN_KEY'],
  ['a wrong key', { TRACKER_API_KEY: KEY }, 401, 'The key in TRACKER_API_KEY was sent'],
  ["ImageKit's rejection", {}, 400, 'Your request contains invalid customMetadata'],
  ['a redirect', {}, 307, 'redirects to https://elsewhere.example/; set TRACKER_URL'],
  ['too many uploads at once', {}, 503, 'Try again in 7 s'],
])('an error response is explained: %s', async (_case, env, status, sentence) => {
  const tracker = await startFakeTracker(() => ({
    status,
    body: { message: 'Your request contains invalid customMetadata', help: 'For support: …' },
    headers: { 'retry-after': '7', location: 'https://elsewhere.example/' },
  }))
  const result = await runCli(['upload', path, '--json'], { env: { TRACKER_URL: tracker.url, ...env } })
  expect(result.stderr).toContain(sentence)
  expect(result.stderr).toContain(`${status} from ${tracker.url}`)
  expect(result.stderr).not.toContain(KEY)
  expect(result).toMatchObject({ exitCode: 1, stdout: '' })
  expect(tracker.requests).toHaveLength(1)
})

test('an upload that may have reached ImageKit is reported as such, and not retried', async () => {
  const tracker = await startFakeTracker(() => ({
    status: 504,
    body: { message: 'ImageKit did not respond in time.' },
    headers: { 'x-should-retry': 'false', 'x-submission-id': SUBMISSION_ID },
  }))
  const { exitCode, stderr } = await runCli(['upload', path], { env: { TRACKER_URL: tracker.url } })
  expect(stderr).toContain(`ImageKit may have the file: before uploading it again, check submission`)
  expect(stderr).toContain(SUBMISSION_ID)
  expect(exitCode).toBe(1)
  expect(tracker.requests).toHaveLength(1)
})

test('a response that is not JSON and a broken connection are reported', async () => {
  const htmlUrl = await listen((_incoming, response) => void response.end('<html>'))
  const notJson = await runCli(['upload', path], { env: { TRACKER_URL: htmlUrl } })
  expect(notJson.stderr).toContain("is not ImageKit's upload response")
  const closingUrl = await listen((incoming) => void incoming.socket.destroy())
  const broken = await runCli(['upload', path], { env: { TRACKER_URL: closingUrl } })
  expect(broken.stderr).toContain(`No response from ${closingUrl}`)
  expect([notJson.exitCode, broken.exitCode]).toEqual([1, 1])
})

test('a rejection that arrives before the whole file is sent is reported', async () => {
  const large = join(directory, 'large.bin')
  await writeFile(large, Buffer.alloc(32 * 1024 * 1024))
  const url = await listen((incoming, response) => {
    incoming.once('data', () => {
      response.writeHead(413).end(JSON.stringify({ message: 'The upload is too large.' }))
    })
  })
  const { exitCode, stderr } = await runCli(['upload', large], { env: { TRACKER_URL: url } })
  expect(stderr).toContain('The upload is too large. (413')
  expect(exitCode).toBe(1)
})

test('the stack trace is printed with LOG_LEVEL=debug, not by default', async () => {
  const env = { TRACKER_URL: 'http://127.0.0.1:1' }
  expect((await runCli(['upload', path], { env })).stderr).not.toMatch(/^\s+at /m)
  const debug = await runCli(['upload', path], { env: { ...env, LOG_LEVEL: 'debug' } })
  expect(debug.stderr).toMatch(/^\s+at /m)
})
