import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FILE_ID, SUBMISSION_ID, uploaded } from './answers.ts'
import { startFakeTracker } from './fake-tracker.ts'
import { runCli } from './run-cli.ts'
import { ordersIn } from './terminal-orders.ts'

let directory: string
let path: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cli-upload-'))
  path = join(directory, 'pho"to ä.png')
  await writeFile(path, 'some bytes')
})
afterAll(() => rm(directory, { recursive: true }))

test('a summary, without a progress bar where nobody watches', async () => {
  const tracker = await startFakeTracker(() =>
    uploaded({ 'remove-bg': 'pending', 'aws-auto-tagging': 'success' }),
  )
  const result = await runCli(['upload', path], { env: { TRACKER_URL: tracker.url } })
  expect(result).toEqual({
    exitCode: 0,
    stdout: [
      'Uploaded photo_a1b2.png',
      `  fileId      ${FILE_ID}`,
      '  url         https://ik.example/photo_a1b2.png',
      `  submission  ${SUBMISSION_ID}`,
      `  status      https://tracker.example/assets/${FILE_ID}/status?token=abc`,
      '  extensions  remove-bg pending, aws-auto-tagging success',
      '',
    ].join('\n'),
    stderr: '',
  })
})

test("--json: ImageKit's answer with submissionId, statusUrl and eventsUrl, as one object", async () => {
  const tracker = await startFakeTracker(() => uploaded())
  const { stdout } = await runCli(['upload', path, '--json'], { env: { TRACKER_URL: tracker.url } })
  expect(JSON.parse(stdout)).toEqual({
    fileId: FILE_ID,
    name: 'photo_a1b2.png',
    url: 'https://ik.example/photo_a1b2.png',
    size: 5,
    submissionId: SUBMISSION_ID,
    statusUrl: `https://tracker.example/assets/${FILE_ID}/status?token=abc`,
    eventsUrl: `https://tracker.example/assets/${FILE_ID}/events?token=abc`,
  })
})

test('a bar on stderr where that is a terminal, but not with --json or for an address', async () => {
  const tracker = await startFakeTracker(() => uploaded())
  const env = { TRACKER_URL: tracker.url }
  const watched = await runCli(['upload', path], { env, isTTY: true })
  expect(watched.stderr).toMatch(/pho"to ä\.png █+ 100%/)
  expect(watched.stdout).toMatch(/^Uploaded photo_a1b2\.png\n/)
  const stdin = Readable.from([Buffer.alloc(2048)])
  const piped = await runCli(['upload', '-', '--file-name', 'x'], { env, isTTY: true, stdin })
  expect(piped.stderr).toContain('x 2.0 KiB sent')
  for (const args of [[path, '--json'], ['https://example.com/a.png']])
    expect((await runCli(['upload', ...args], { env, isTTY: true })).stderr).toBe('')
})

test('a file name is no template of the bar, and gives the terminal no orders', async () => {
  const name = '{bar}{percentage} \u001b[2J\u202e.png'
  const tracker = await startFakeTracker(() => uploaded())
  const env = { TRACKER_URL: tracker.url }
  const { stderr } = await runCli(['upload', path, '--file-name', name], { env, isTTY: true })
  expect(stderr).toMatch(/\{bar\}\{percentage\} \\u\{1b\}\[2J\\u\{202e\}\.png █+ 100%/)
  expect(stderr).not.toContain('\u001b[2J')
})

test('once all of the file is sent, the bar says that it waits for ImageKit, until it has answered', async () => {
  let shown = ''
  const isWaiting = () => shown.includes('100%  10 B of 10 B  waiting for ImageKit')
  const tracker = await startFakeTracker(async () => {
    await expect.poll(isWaiting, { timeout: 10_000 }).toBe(true)
    return uploaded()
  })
  const { stderr, exitCode } = await runCli(['upload', path], {
    env: { TRACKER_URL: tracker.url },
    isTTY: true,
    onErrorOutput: (text) => {
      shown = text
    },
  })
  expect(exitCode).toBe(0)
  expect(stderr.slice(stderr.lastIndexOf('waiting for ImageKit'))).toContain('100%  10 B of 10 B')
})

test('a message of ImageKit gives the terminal no orders, also with --wait', async () => {
  const message = 'queued \u001b[2J\u202e'
  const tracker = await startFakeTracker(() => ({ status: 202, body: { message } }))
  const { stdout, stderr } = await runCli(['upload', path, '--wait'], { env: { TRACKER_URL: tracker.url } })
  expect(stderr).toContain('queued \\u{1b}[2J')
  expect(ordersIn((stdout + stderr).replaceAll('\n', ''))).toEqual([])
})

test('a queued upload, which has no fileId yet', async () => {
  const body = { message: 'The video is queued for pre-transformation.' }
  const headers = { 'x-submission-id': SUBMISSION_ID }
  const tracker = await startFakeTracker(() => ({ status: 202, body, headers }))
  const env = { TRACKER_URL: tracker.url }
  const { exitCode, stdout } = await runCli(['upload', path], { env })
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: `${body.message}\n  submission  ${SUBMISSION_ID}\n`,
  })
  expect(await runCli(['upload', path, '--wait'], { env })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('no fileId to wait for'),
  })
})

test('what ImageKit answers gives the terminal no orders', async () => {
  const hostile = 'a\u001b[2J\u202e.png'
  const tracker = await startFakeTracker(() => {
    const answer = uploaded()
    return {
      ...answer,
      body: { fileId: hostile, name: hostile, url: hostile, extensionStatus: { [hostile]: hostile } },
    }
  })
  for (const options of [[], ['--json']]) {
    const { stdout } = await runCli(['upload', path, ...options], { env: { TRACKER_URL: tracker.url } })
    expect(stdout).toContain('[2J')
    expect(ordersIn(stdout.replaceAll('\n', ''))).toEqual([])
  }
})
