import { once } from 'node:events'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { ADMIN_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { type CliOptions, runCli } from './run-cli.ts'

const SHIRT = new URL('../fixtures/images/shirt.png', import.meta.url).pathname

/** Starts a real service with one file whose remove-bg failed. */
async function startWithFailure() {
  const { tracker } = await startTrackerAndSandbox()
  const env = { TRACKER_URL: tracker.url, TRACKER_ADMIN_KEY: ADMIN_KEY }
  const operate = (args: string[], options: CliOptions = {}) => runCli(args, { ...options, env })
  const upload = () =>
    operate([
      'upload',
      SHIRT,
      '--extension=remove-bg',
      '--tags=sandbox:remove-bg=failed,sandbox:delay=5',
      '--wait',
      '--json',
    ])
  const { fileId, assetStatus } = JSON.parse((await upload()).stdout) as {
    fileId: string
    assetStatus: { extensions: [{ runId: string }] }
  }
  return { operate, upload, fileId, runId: assetStatus.extensions[0].runId }
}

test('runs show prints a run with its timeline and webhooks; --json prints the response of the service', async () => {
  const { operate, fileId, runId } = await startWithFailure()
  const { exitCode, stdout } = await operate(['runs', 'show', runId])
  expect(exitCode).toBe(0)
  expect(stdout).toContain(
    `run         ${runId}\nextension   remove-bg\nstatus      failed (source: webhook)\n`,
  )
  expect(stdout).toContain(fileId)
  expect(stdout).toMatch(/Z {2}requested {2}attempt 1 \(upload\)/)
  expect(stdout).toMatch(/Z {2}settled +failed \(webhook\)/)
  expect(stdout).toMatch(/dlv_\S+ +\S+ \S+ +applied/)
  const json = await operate(['runs', 'show', runId, '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ run: { runId, fileId, status: 'failed' } })
  expect((await operate(['runs', 'show', 'run_9_AbCdEfGhIjk'])).exitCode).toBe(1)
})

test('runs acknowledge removes a run from the failures, and audit lists the note', async () => {
  const { operate, runId } = await startWithFailure()
  expect((await operate(['failures'])).stdout).toContain(runId)
  const { exitCode, stdout } = await operate(['runs', 'acknowledge', runId, '--note', 'bad photo'])
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `Acknowledged ${runId}.\n` })
  expect((await operate(['failures'])).stdout).toBe('No runs.\n')
  const audit = await operate(['audit'])
  expect(audit.stdout).toMatch(new RegExp(`acknowledge +${runId} +bad photo\n`))
  const json = await operate(['audit', '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({
    entries: [{ kind: 'acknowledge', subject: runId, reason: 'bad photo' }],
    nextCursor: null,
  })
})

test('runs unacknowledge puts a run back into the failures, and audit lists the reason', async () => {
  const { operate, runId } = await startWithFailure()
  await operate(['runs', 'acknowledge', runId])
  const { exitCode, stdout } = await operate(['runs', 'unacknowledge', runId, '--reason', 'the wrong run'])
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: `Revoked the acknowledgement of ${runId}.\n`,
  })
  expect((await operate(['failures'])).stdout).toContain(runId)
  expect((await operate(['audit'])).stdout).toMatch(new RegExp(`unacknowledge +${runId} +the wrong run\n`))
  const json = await operate(['runs', 'unacknowledge', runId, '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ runId, acknowledgedAt: null })
  expect((await operate(['runs', 'unacknowledge', 'run_9_AbCdEfGhIjk'])).exitCode).toBe(1)
})

test('deliveries show prints the headers and the body of a webhook', async () => {
  const { operate, fileId } = await startWithFailure()
  const list = await operate(['deliveries', '--json'])
  const { deliveries } = JSON.parse(list.stdout) as { deliveries: [{ deliveryId: string }] }
  const { deliveryId } = deliveries[0]
  const { exitCode, stdout } = await operate(['deliveries', 'show', deliveryId])
  expect(exitCode).toBe(0)
  expect(stdout).toContain(`delivery   ${deliveryId}\n`)
  expect(stdout).toMatch(/\ncontent-type: +application\/json\n/)
  expect(stdout).toMatch(new RegExp(`\n\n\\{.*"${fileId}"`))
  const json = await operate(['deliveries', 'show', deliveryId, '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ deliveryId, fileId, outcome: 'applied' })
})

test('deliveries --watch shows the webhooks that were already received, then each new one, once', async () => {
  const { operate, upload } = await startWithFailure()
  const stop = new AbortController()
  let shown = ''
  const watching = operate(['deliveries', '--watch', '--json'], {
    stopRequested: async () => void (await once(stop.signal, 'abort')),
    onOutput: (stdout) => {
      shown = stdout
    },
  })
  await expect.poll(() => shown).toContain('applied')
  const { fileId } = JSON.parse((await upload()).stdout) as { fileId: string }
  await expect.poll(() => shown).toContain(fileId)
  stop.abort()
  const { exitCode, stdout } = await watching
  const lists = stdout.trimEnd().split('\n')
  expect(lists.map((line) => JSON.parse(line).deliveries.length)).toEqual([1, 1])
  expect(exitCode).toBe(0)
})

test('forget deletes an asset only after confirmation', async () => {
  const { operate, fileId } = await startWithFailure()
  const onTerminal = (answer: string) => ({
    stdin: Object.assign(Readable.from([`${answer}\n`]), { isTTY: true }),
  })
  const declined = await operate(['forget', fileId], onTerminal('no'))
  expect(declined).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringContaining('Nothing was deleted'),
  })
  // The asset is still known: 3 means that one of its extensions failed.
  expect((await operate(['status', fileId])).exitCode).toBe(3)
  const confirmed = await operate(['forget', fileId, '--reason', 'erasure'], onTerminal('yes'))
  expect(confirmed).toMatchObject({ exitCode: 0, stdout: `Forgot ${fileId}.\n` })
  expect((await operate(['status', fileId])).stderr).toContain('is not known')
  expect((await operate(['audit'])).stdout).toMatch(/forget .*erasure/)
  const again = await operate(['forget', fileId, '--yes', '--json'])
  expect(again.exitCode).toBe(1)
})

test('open prints the address of the admin pages', async () => {
  const env = { TRACKER_URL: 'https://tracker.example' }
  expect(await runCli(['open'], { env })).toEqual({
    exitCode: 0,
    stdout: 'https://tracker.example/admin\n',
    stderr: '',
  })
  const { stdout } = await runCli(['open', '--json'], { env, isTTY: true })
  expect(JSON.parse(stdout)).toEqual({ url: 'https://tracker.example/admin' })
})

test.each([
  [undefined, '127.0.0.1'],
  ['localhost', 'localhost'],
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8::7', '[2001:db8::7]'],
  ['[::1]', '[::1]'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
])('without TRACKER_URL and PUBLIC_URL, a service with HOST %s is expected at %s', async (host, expected) => {
  const { stdout } = await runCli(['open', '--print'], { env: { HOST: host, PORT: '4000' } })
  expect(stdout).toBe(`http://${expected}:4000/admin\n`)
})
