import { describe, expect, test } from 'vitest'
import { type Reply, startFakeTracker } from './fake-tracker.ts'
import { assetStatus, FILE_ID, SUBMISSION_ID, uploaded } from './responses.ts'
import { runCli } from './run-cli.ts'

/** The file to upload: any will do, so it is this one. */
const FILE = import.meta.filename
const NOT_MODIFIED: Reply = { status: 304 }

/**
 * Starts a fake tracker. Its upload response has the `initial` statuses. Requests for the asset's status get the replies in order,
 * and then the last one again.
 */
async function startTrackerWith(initial: { [name: string]: string }, ...replies: Reply[]) {
  let next = 0
  const tracker = await startFakeTracker(({ method }) => {
    if (method === 'POST') return uploaded(initial)
    next += 1
    return replies[Math.min(next, replies.length) - 1] ?? NOT_MODIFIED
  })
  return { ...tracker, env: { TRACKER_URL: tracker.url } }
}

const PENDING = { 'remove-bg': 'pending', 'aws-auto-tagging': 'pending' }

describe('--wait', () => {
  test('requests the status with the last ETag until nothing is pending, and prints each change', async () => {
    const { env, requests } = await startTrackerWith(
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

  test.each(['failed', 'expired'])('exits with 3 if an extension is %s', async (status) => {
    const { env } = await startTrackerWith(
      PENDING,
      assetStatus({ 'remove-bg': status, 'aws-auto-tagging': 'success' }),
    )
    const { exitCode, stdout } = await runCli(['upload', FILE, '--wait'], { env })
    expect(stdout).toContain(`  remove-bg  pending → ${status}`)
    expect(stdout.includes('Could not find the foreground.')).toBe(status === 'failed')
    expect(exitCode).toBe(3)
  })

  test('with --json prints one object at the end: the upload response, with the final asset status in it', async () => {
    const { env } = await startTrackerWith(
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

  test('with --json prints the upload even if waiting fails', async () => {
    const { env } = await startTrackerWith(PENDING, { status: 404 })
    const { exitCode, stdout, stderr } = await runCli(['upload', FILE, '--wait', '--json'], { env })
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: `${FILE_ID} is not known to the service.\n` })
    expect(JSON.parse(stdout)).toMatchObject({ fileId: FILE_ID, submissionId: SUBMISSION_ID })
  })

  test('takes a FILE that follows it as the file, not as SECONDS', async () => {
    const { env } = await startTrackerWith({}, assetStatus({}))
    expect(await runCli(['upload', '--wait', FILE], { env })).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('exits with 1 if an extension is still pending after SECONDS', async () => {
    const { env } = await startTrackerWith(
      { 'remove-bg': 'pending' },
      assetStatus({ 'remove-bg': 'pending' }),
      NOT_MODIFIED,
    )
    const startedAt = Date.now()
    const { exitCode, stderr } = await runCli(['upload', FILE, '--wait', '1'], { env })
    expect(Date.now() - startedAt).toBeLessThan(15_000)
    expect(stderr).toContain(`Still pending after 1 s; check later with: extension-tracker status ${FILE_ID}`)
    expect(exitCode).toBe(1)
  })

  test('of 0 seconds prints the present status', async () => {
    const { env, requests } = await startTrackerWith(
      { 'remove-bg': 'pending' },
      assetStatus({ 'remove-bg': 'success' }),
    )
    const { exitCode, stdout } = await runCli(['upload', FILE, '--wait', '0'], { env })
    expect(stdout).toContain('  remove-bg  pending → success\n')
    expect(exitCode).toBe(0)
    expect(requests).toHaveLength(2)
  })

  test('reports why there is no status if the service fails until SECONDS have passed', async () => {
    const { env } = await startTrackerWith(
      { 'remove-bg': 'pending' },
      assetStatus({ 'remove-bg': 'pending' }),
      { status: 503, body: { detail: 'The service is stopping.' } },
    )
    const { exitCode, stderr } = await runCli(['upload', FILE, '--wait', '1'], { env })
    expect(stderr).toContain('The service is stopping. (503')
    expect(exitCode).toBe(1)
  })

  test('continues after a restart of the service', async () => {
    const { env } = await startTrackerWith(
      { 'remove-bg': 'pending' },
      assetStatus({ 'remove-bg': 'pending' }),
      { status: 503, body: { detail: 'The service is stopping.' } },
      assetStatus({ 'remove-bg': 'success' }, '"2"'),
    )
    expect(await runCli(['upload', FILE, '--wait'], { env })).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
