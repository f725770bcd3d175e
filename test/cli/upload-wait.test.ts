import { describe, expect, test } from 'vitest'
import { assetStatus, FILE_ID, SUBMISSION_ID, uploaded } from './answers.ts'
import { type Reply, startFakeTracker } from './fake-tracker.ts'
import { runCli } from './run-cli.ts'

const FILE = import.meta.filename
const NOT_MODIFIED: Reply = { status: 304 }

/** A tracker that takes an upload and then tells these statuses, one at each request; the last one again and again. */
async function trackerThatTells(first: { [name: string]: string }, ...told: Reply[]) {
  let next = 0
  const tracker = await startFakeTracker(({ method }) => {
    if (method === 'POST') return uploaded(first)
    next += 1
    return told[Math.min(next, told.length) - 1] ?? NOT_MODIFIED
  })
  return { ...tracker, env: { TRACKER_URL: tracker.url } }
}

const PENDING = { 'remove-bg': 'pending', 'aws-auto-tagging': 'pending' }

describe('--wait', () => {
  test('asks with the last ETag until nothing is pending, and prints each change', async () => {
    const { env, requests } = await trackerThatTells(
      PENDING,
      assetStatus(PENDING, '"1"'),
      assetStatus({ 'remove-bg': 'pending', 'aws-auto-tagging': 'success' }, '"2"'),
      assetStatus({ 'remove-bg': 'success', 'aws-auto-tagging': 'success' }, '"3"'),
    )
    const { exitCode, stdout, stderr } = await runCli(['upload', FILE, '--wait'], { env })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(stdout.split('\n').slice(-3)).toEqual([
      '  aws-auto-tagging  pending → success',
      '  remove-bg  pending → success',
      '',
    ])
    expect(requests.slice(1).map(({ url, headers }) => [url, headers['if-none-match']])).toEqual([
      [`/assets/${FILE_ID}/status?wait=0`, undefined],
      [`/assets/${FILE_ID}/status?wait=30`, '"1"'],
      [`/assets/${FILE_ID}/status?wait=30`, '"2"'],
    ])
  })

  test.each(['failed', 'expired'])('exits 3 where some extension has %s', async (word) => {
    const { env } = await trackerThatTells(
      PENDING,
      assetStatus({ 'remove-bg': word, 'aws-auto-tagging': 'success' }),
    )
    const { exitCode, stdout } = await runCli(['upload', FILE, '--wait'], { env })
    expect(stdout).toContain(`  remove-bg  pending → ${word}`)
    expect(stdout.includes('Could not find the foreground.')).toBe(word === 'failed')
    expect(exitCode).toBe(3)
  })

  test('with --json prints one object at the end, with the final status in it', async () => {
    const { env } = await trackerThatTells(
      { 'remove-bg': 'pending' },
      assetStatus({ 'remove-bg': 'pending' }),
      assetStatus({ 'remove-bg': 'failed' }, '"2"'),
    )
    const { exitCode, stdout } = await runCli(['upload', FILE, '--wait', '--json'], { env })
    expect(exitCode).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      fileId: FILE_ID,
      extensionStatus: { 'remove-bg': 'pending' },
      assetStatus: { status: 'failed', extensions: [{ name: 'remove-bg', status: 'failed' }] },
    })
  })

  test('with --json tells the upload also where the waiting fails', async () => {
    const { env } = await trackerThatTells(PENDING, { status: 404 })
    const { exitCode, stdout, stderr } = await runCli(['upload', FILE, '--wait', '--json'], { env })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: `${FILE_ID} is not known to the service.\n` })
    expect(JSON.parse(stdout)).toMatchObject({ fileId: FILE_ID, submissionId: SUBMISSION_ID })
  })

  test('takes FILE after it as the file', async () => {
    const { env } = await trackerThatTells({}, assetStatus({}))
    expect(await runCli(['upload', '--wait', FILE], { env })).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('ends 1 where something is still pending after SECONDS', async () => {
    const { env } = await trackerThatTells(
      { 'remove-bg': 'pending' },
      assetStatus({ 'remove-bg': 'pending' }),
      NOT_MODIFIED,
    )
    const startedAt = Date.now()
    const { exitCode, stderr } = await runCli(['upload', FILE, '--wait', '1'], { env })
    expect(Date.now() - startedAt).toBeLessThan(15_000)
    expect(stderr).toContain(`Still pending after 1 s; look again with: extension-tracker status ${FILE_ID}`)
    expect(exitCode).toBe(1)
  })

  test('outlives a restart of the service', async () => {
    const { env } = await trackerThatTells(
      { 'remove-bg': 'pending' },
      assetStatus({ 'remove-bg': 'pending' }),
      { status: 503, body: { detail: 'The service is stopping.' } },
      assetStatus({ 'remove-bg': 'success' }, '"2"'),
    )
    expect(await runCli(['upload', FILE, '--wait'], { env })).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
