import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { createSandbox } from '../../src/sandbox/sandbox.ts'
import { STATUS } from '../../src/store/sql/codes.ts'
import { runProgram, runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'

/** Each command is a process of its own. */
const IN_TIME = { timeout: 90_000 }
const IMAGEKIT_PRIVATE_KEY = 'private_of_the_tests'
const TRACKER_ADMIN_KEY = 'operator:key-of-the-operator-0123'
const SHIRT = new URL('../fixtures/images/shirt.png', import.meta.url).pathname

/** The built service before a local ImageKit, and the built program as its operator. */
async function startOperated() {
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

type Started = Awaited<ReturnType<typeof startOperated>>

/** An upload whose remove-bg fails; returns its file. */
async function failOne({ operate }: Started, fileName: string): Promise<string> {
  const { exitCode, output } = await operate(
    'upload',
    SHIRT,
    `--file-name=${fileName}`,
    '--extension=remove-bg',
    '--tags=sandbox:remove-bg=failed,sandbox:delay=5',
    '--wait',
    '--json',
  )
  expect(exitCode).toBe(3)
  return (JSON.parse(output) as { fileId: string }).fileId
}

/** From now on its remove-bg succeeds. */
async function mend({ sandboxUrl }: Started, fileId: string): Promise<void> {
  const answer = await fetch(`${sandboxUrl}/v1/files/${fileId}/details`, {
    method: 'PATCH',
    headers: {
      authorization: `Basic ${btoa(`${IMAGEKIT_PRIVATE_KEY}:`)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ tags: ['sandbox:delay=5'] }),
  })
  expect(answer.status).toBe(200)
}

test('an operator finds what failed, has it run again, and sees it succeed', IN_TIME, async () => {
  const started = await startOperated()
  const { operate, start } = started
  const watching = start('failures', '--watch')
  await watching.printed(/There are none\./)
  const one = await failOne(started, 'one 日本語.png')
  const two = await failOne(started, 'two.png')
  await watching.printed(new RegExp(two))
  watching.process.kill('SIGINT')
  expect(await watching.exited).toBe(0)
  expect(watching.output()).toContain(one)

  const listed = await operate('failures', '--json', '--q', 'one')
  const { runs } = JSON.parse(listed.output) as { runs: { runId: string; fileId: string; cause: string }[] }
  expect(runs).toMatchObject([{ fileId: one, cause: 'unknown_foreground' }])
  expect((await operate('failures', '--cause', 'unknown_foreground')).output).toMatch(/one.*日本語/)
  expect((await operate('stats')).output).toContain('     2  remove-bg  unknown_foreground')

  await mend(started, one)
  await mend(started, two)
  const single = await operate('retry', runs[0]?.runId ?? '', '--wait', '--reason', 'mended')
  expect(single).toMatchObject({
    exitCode: 0,
    output: expect.stringMatching(/130 extension units.*\nsuccess\n/),
  })
  const filter = ['retry', '--status', 'failed', '--q', 'two']
  expect((await operate(...filter, '--dry-run')).output).toBe(
    'Would ask again for 1 run, 130 extension units.\n',
  )
  const many = await operate(...filter, '--wait')
  expect(many).toMatchObject({
    exitCode: 0,
    output: expect.stringContaining('New runs: 1 succeeded, 0 failed, 0 expired, 0 pending.'),
  })
  for (const fileId of [one, two]) expect((await operate('status', fileId)).exitCode).toBe(0)

  const deliveries = await operate('deliveries', '--file-id', two, '--json')
  const told = JSON.parse(deliveries.output) as { deliveries: { deliveryId: string; outcome: string }[] }
  expect(told.deliveries.map(({ outcome }) => outcome)).toEqual(['applied', 'applied'])
  const replayed = await operate('replay', told.deliveries[0]?.deliveryId ?? '')
  expect(replayed).toMatchObject({ exitCode: 0, output: expect.stringContaining('duplicate') })
})

test('the doctor goes the whole way, and the backup is a database', IN_TIME, async () => {
  const { operate, directory, service } = await startOperated()
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
  expect(copy.prepare('select name, status from runs').all()).toEqual([
    { name: 'aws-auto-tagging', status: STATUS.to.success },
  ])
  copy.close()

  service.process.kill('SIGTERM')
  expect(await service.exited).toBe(0)
  expect((await operate('doctor')).exitCode).toBe(1)
})
