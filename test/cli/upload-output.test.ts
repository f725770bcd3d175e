import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startFakeTracker } from './fake-tracker.ts'
import { FILE_ID, SUBMISSION_ID, uploaded } from './responses.ts'
import { runCli } from './run-cli.ts'
import { findUnsafeCharacters } from './unsafe-characters.ts'

let directory: string
let path: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cli-upload-'))
  path = join(directory, 'pho"to ä.png')
  await writeFile(path, 'some bytes')
})
afterAll(() => rm(directory, { recursive: true }))

test('prints a summary, without a progress bar if stderr is not a terminal', async () => {
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

test("--json prints ImageKit's response with submissionId, statusUrl and eventsUrl as one object", async () => {
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

test('a progress bar, or a byte count for the standard input, is shown if stderr is a terminal, but not with --json or for a URL', async () => {
  const tracker = await startFakeTracker(() => uploaded())
  const env = { TRACKER_URL: tracker.url }
  const onTerminal = await runCli(['upload', path], { env, isTTY: true })
  expect(onTerminal.stderr).toMatch(/pho"to ä\.png █+ 100%/)
  expect(onTerminal.stdout).toMatch(/^Uploaded photo_a1b2\.png\n/)
  const stdin = Readable.from([Buffer.alloc(2048)])
  const piped = await runCli(['upload', '-', '--file-name', 'x'], { env, isTTY: true, stdin })
  expect(piped.stderr).toContain('x 2.0 KiB sent')
  for (const args of [[path, '--json'], ['https://example.com/a.png']])
    expect((await runCli(['upload', ...args], { env, isTTY: true })).stderr).toBe('')
})

test('a file name is not interpreted as a template of the progress bar, and its escape sequences are escaped', async () => {
  const name = '{bar}{percentage} \u001b[2J\u202e.png'
  const tracker = await startFakeTracker(() => uploaded())
  const env = { TRACKER_URL: tracker.url }
  const { stderr } = await runCli(['upload', path, '--file-name', name], { env, isTTY: true })
  expect(stderr).toMatch(/\{bar\}\{percentage\} \\u\{1b\}\[2J\\u\{202e\}\.png █+ 100%/)
  expect(stderr).not.toContain('\u001b[2J')
})

test('once the file is sent, the progress bar says "waiting for ImageKit" until the response arrives', async () => {
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
  // At the end, the bar is drawn again without these words.
  expect(stderr.slice(stderr.lastIndexOf('waiting for ImageKit'))).toContain('100%  10 B of 10 B')
})

test("escape sequences in ImageKit's message are escaped in the summary and in the error of --wait", async () => {
  const message = 'queued \u001b[2J\u202e'
  const tracker = await startFakeTracker(() => ({ status: 202, body: { message } }))
  const { stdout, stderr } = await runCli(['upload', path, '--wait'], { env: { TRACKER_URL: tracker.url } })
  expect(stderr).toContain('queued \\u{1b}[2J')
  expect(findUnsafeCharacters((stdout + stderr).replaceAll('\n', ''))).toEqual([])
})

test("after an upload that ImageKit has queued without a fileId, its message and the submission's id are printed, and --wait fails", async () => {
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
    stderr: expect.stringContaining('there is no fileId yet'),
  })
})

test("escape sequences in the fields of ImageKit's response are escaped, also with --json", async () => {
  const hostile = 'a\u001b[2J\u202e.png'
  const tracker = await startFakeTracker(() => {
    const response = uploaded()
    return {
      ...response,
      body: { fileId: hostile, name: hostile, url: hostile, extensionStatus: { [hostile]: hostile } },
    }
  })
  for (const options of [[], ['--json']]) {
    const { stdout } = await runCli(['upload', path, ...options], { env: { TRACKER_URL: tracker.url } })
    expect(stdout).toContain('[2J')
    expect(findUnsafeCharacters(stdout.replaceAll('\n', ''))).toEqual([])
  }
})
