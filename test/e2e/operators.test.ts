import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { STATUS } from '../../src/store/sql/codes.ts'
import { runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

/** Each command starts a process of its own, which takes time. */
const SLOW = { timeout: 90_000 }
const IMAGEKIT_PRIVATE_KEY = 'private_of_the_tests'
const TRACKER_ADMIN_KEY = 'operator:key-of-the-operator-0123'
const SHIRT = new URL('../fixtures/images/shirt.png', import.meta.url).pathname

/** Starts the built service and a local ImageKit. `start` starts a command with the admin key; `operate` also waits until it exits. */
async function startService() {
  const sandbox = createSandbox({
    directory: temporaryDirectory(),
    port: 0,
    privateKey: IMAGEKIT_PRIVATE_KEY,
    webhookRetryMs: 50,
  })
  const { url: sandboxUrl } = await sandbox.start()
  onTestFinished(() => sandbox.stop())
  const directory = temporaryDirectory()
  const env = {
    IMAGEKIT_PRIVATE_KEY,
    IMAGEKIT_UPLOAD_URL: sandboxUrl,
    IMAGEKIT_API_URL: sandboxUrl,
    DATABASE_URL: `file:${join(directory, 'tracker.db')}`,
    TRACKER_ADMIN_KEY,
    TRACKER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  }
  const service = await runServe(env)
  const start = (...args: string[]) => runProgram(args, { ...env, TRACKER_URL: service.url })
  const operate = async (...args: string[]) => {
    const program = start(...args)
    return { exitCode: await program.exited, output: program.output() }
  }
  return { service, operate, start, directory, sandboxUrl }
}

type StartedService = Awaited<ReturnType<typeof startService>>

/** Uploads a file whose remove-bg fails. Returns the fileId. */
async function uploadFailing({ operate }: StartedService, fileName: string): Promise<string> {
  const { exitCode, output } = await operate(
    'upload',
    SHIRT,
    `--file-name=${fileName}`,
    '--extension=remove-bg',
    '--tags=sandbox:remove-bg=failed,sandbox:delay=5',
    '--wait',
    '--json',
  )
  // `upload --wait` exits with 3 if an extension has failed.
  expect(exitCode).toBe(3)
  return (JSON.parse(output) as { fileId: string }).fileId
}

/** Makes a retry of the file's remove-bg succeed. */
async function fixFile({ sandboxUrl }: StartedService, fileId: string): Promise<void> {
  const response = await fetch(`${sandboxUrl}/v1/files/${fileId}/details`, {
    method: 'PATCH',
    headers: {
      authorization: `Basic ${btoa(`${IMAGEKIT_PRIVATE_KEY}:`)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ tags: ['sandbox:delay=5'] }),
  })
  expect(response.status).toBe(200)
}

test(
  'an operator lists failed runs, retries them, sees them succeed, and replays a delivery',
  SLOW,
  async () => {
    const started = await startService()
    const { operate, start } = started
    const watching = start('failures', '--watch')
    await watching.printed(/No runs\./)
    const one = await uploadFailing(started, 'one 日本語.png')
    const two = await uploadFailing(started, 'two.png')
    await watching.printed(new RegExp(two))
    watching.process.kill('SIGINT')
    expect(await watching.exited).toBe(0)
    expect(watching.output()).toContain(one)

    const failures = await operate('failures', '--json', '--search', 'one')
    const { runs } = JSON.parse(failures.output) as {
      runs: { runId: string; fileId: string; cause: string }[]
    }
    expect(runs).toMatchObject([{ fileId: one, cause: 'unknown_foreground' }])
    expect((await operate('failures', '--cause', 'unknown_foreground')).output).toMatch(/one.*日本語/)
    expect((await operate('stats')).output).toContain('     2  remove-bg  unknown_foreground')

    await fixFile(started, one)
    await fixFile(started, two)
    // A remove-bg costs 130 extension units.
    const single = await operate('retry', runs[0]?.runId ?? '', '--wait', '--reason', 'fixed')
    expect(single).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/130 extension units.*\nsuccess\n/),
    })
    const filter = ['retry', '--status', 'failed', '--search', 'two']
    expect((await operate(...filter, '--dry-run')).output).toBe('Would retry 1 run, 130 extension units.\n')
    const many = await operate(...filter, '--wait')
    expect(many).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('New runs: 1 succeeded, 0 failed, 0 expired, 0 pending.'),
    })
    for (const fileId of [one, two]) expect((await operate('status', fileId)).exitCode).toBe(0)

    const deliveries = await operate('deliveries', '--file-id', two, '--json')
    const listed = JSON.parse(deliveries.output) as { deliveries: { deliveryId: string; outcome: string }[] }
    expect(listed.deliveries.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
    const replayed = await operate('replay', listed.deliveries[0]?.deliveryId ?? '')
    expect(replayed).toMatchObject({ exitCode: 0, output: expect.stringContaining('duplicate') })
  },
)

test(
  'doctor reports no failure until the service stops, and backup writes a database but overwrites no file',
  SLOW,
  async () => {
    const { operate, directory, service } = await startService()
    const doctor = await operate('doctor', '--live', '10')
    expect(doctor.output).not.toMatch(/^fail/m)
    expect(doctor.exitCode).toBe(0)
    for (const name of ['reach', 'ImageKit', 'live webhook', 'live clean-up'])
      expect(doctor.output).toMatch(new RegExp(`^ok    ${name} `, 'm'))

    const file = join(directory, 'copy.db')
    expect((await operate('backup', file)).exitCode).toBe(0)
    expect((await operate('backup', file)).exitCode).toBe(2)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const copy = new Database(file)
    // The run that `doctor --live` has created.
    expect(copy.prepare('select name, status from runs').all()).toEqual([
      { name: 'aws-auto-tagging', status: STATUS.to.success },
    ])
    copy.close()

    service.process.kill('SIGTERM')
    expect(await service.exited).toBe(0)
    expect((await operate('doctor')).exitCode).toBe(1)
  },
)
