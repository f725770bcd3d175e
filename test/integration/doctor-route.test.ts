import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { createTestDatabase, databaseName, openStoreOf } from '../support/database.ts'
import { startMisbehavingImagekit, UNREACHABLE_URL } from '../support/misbehaving-imagekit.ts'
import { ask, checksOf, type DoctorCheck } from '../support/operator.ts'
import {
  ADMIN_KEY,
  API_KEY,
  IMAGEKIT_KEY,
  type RunningTracker,
  startTracker,
  startTrackerAndSandbox,
} from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'
import { movingClock, WITHOUT_RECONCILER } from './reconcile-setup.ts'

type Report = { instanceId: string; publicUrl: string; version: string; node: string; checks: DoctorCheck[] }

async function runDoctor(tracker: RunningTracker): Promise<Report> {
  const { status, json } = await ask<Report>(tracker, '/doctor')
  expect(status).toBe(200)
  return json
}

test('a service without problems reports every check as ok, and no secrets', async () => {
  const secrets = {
    TRACKER_TOKEN_SECRET: 'token-secret-of-the-tests',
    IMAGEKIT_WEBHOOK_SECRET: 'whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==',
    TRACKER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  }
  const { tracker } = await startTrackerAndSandbox({ ...WITHOUT_RECONCILER, ...secrets })
  const report = await runDoctor(tracker)
  expect(report.checks.map(({ name, level }) => `${level} ${name}`)).toEqual([
    "ok service's set-up",
    'ok keys',
    'ok token secret',
    'ok database',
    ...(databaseName() === 'SQLite' ? ['ok disk'] : []),
    'ok ImageKit',
    "ok service's clock",
    'ok PUBLIC_URL',
    'ok alerts',
    'ok rejected webhooks',
    'ok pending',
  ])
  expect(report).toMatchObject({ publicUrl: tracker.url, version: '0.1.0', node: process.version })
  for (const secret of [...Object.values(secrets), ADMIN_KEY, API_KEY, IMAGEKIT_KEY])
    expect(JSON.stringify(report)).not.toContain(secret)
  const health = await tracker.fetch('/healthz')
  expect(health.headers.get('x-instance-id')).toBe(report.instanceId)
})

test('doctor requires the admin key', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  expect((await ask(tracker, '/doctor', { key: API_KEY })).status).toBe(403)
  expect((await ask(tracker, '/doctor', { key: 'an-unknown-key' })).status).toBe(401)
})

test('each start has its own instance id', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  const { instanceId } = await runDoctor(tracker)
  const restarted = await tracker.restart()
  expect((await runDoctor(restarted)).instanceId).not.toBe(instanceId)
})

test.each([
  [401, {}, 'fail', 'rejects the key (401)'],
  [403, {}, 'fail', 'rejects the key (403)'],
  [429, { 'x-ratelimit-reset': '5000' }, 'warn', 'accepts more in 5 s'],
  [500, {}, 'fail', 'it responded with 500'],
])('doctor reports an ImageKit that responds with %i %j as %s', async (status, headers, level, sentence) => {
  const imagekit = await startMisbehavingImagekit((call) =>
    call.outgoing.writeHead(status, headers).end('{}'),
  )
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, IMAGEKIT_API_URL: imagekit.url })
  const [check] = await checksOf(tracker, 'ImageKit')
  expect(check).toMatchObject({
    level,
    message: expect.stringContaining(sentence),
    remedy: expect.any(String),
  })
})

test('an unreachable ImageKit is reported, without a check of the clock', async () => {
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, IMAGEKIT_API_URL: UNREACHABLE_URL })
  expect(await checksOf(tracker, 'ImageKit')).toMatchObject([
    { level: 'fail', message: expect.stringContaining('ECONNREFUSED') },
  ])
  expect(await checksOf(tracker, "service's clock")).toEqual([])
})

test.each([
  [0, 'ok'],
  [60_000, 'warn'],
  [600_000, 'fail'],
  [-600_000, 'fail'],
])('doctor reports a clock that is %i ms off as %s', async (ms, level) => {
  const { clock, advance } = movingClock()
  advance(ms)
  const { tracker } = await startTrackerAndSandbox(WITHOUT_RECONCILER, { clock })
  expect(await checksOf(tracker, "service's clock")).toMatchObject([{ level }])
})

test('doctor counts the webhooks rejected in the last day by cause', async () => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker(WITHOUT_RECONCILER, { clock })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(`${webhookUrl.slice(0, -3)}abc`, payload('remove-bg', 'success'))
  await deliver(`${webhookUrl.slice(0, -3)}abd`, payload('remove-bg', 'success'))
  await deliver(`${tracker.url}/webhooks/account`, { type: 'file.created' })
  await expect
    .poll(() => checksOf(tracker, 'rejected webhooks'))
    .toMatchObject([
      {
        level: 'warn',
        message: '2 in the last 24 h: forged_token',
        remedy: expect.stringContaining('TRACKER_TOKEN_SECRET'),
      },
      {
        level: 'warn',
        message: '1 in the last 24 h: no_secret',
        remedy: expect.stringContaining('IMAGEKIT_WEBHOOK_SECRET'),
      },
    ])
  advance(25 * 3_600_000)
  expect(await checksOf(tracker, 'rejected webhooks')).toMatchObject([{ level: 'ok' }])
})

test.each([
  [60_000, 'ok'],
  [3 * 3_600_000, 'warn'],
  [26 * 3_600_000, 'fail'],
])('doctor reports runs that have been pending for %i ms as %s', async (ms, level) => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker({ RECONCILE_AFTER: '90d', RECONCILE_EVERY: '5m' }, { clock })
  await register(tracker, ['remove-bg', 'ai-tasks'])
  advance(ms)
  expect(await checksOf(tracker, 'pending')).toMatchObject([
    { level, message: expect.stringContaining('2 run(s)') },
  ])
})

test('doctor allows for the time between two passes before it reports that a run should have expired', async () => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker({ RECONCILE_AFTER: '90d', RECONCILE_EVERY: '2h' }, { clock })
  await register(tracker, ['remove-bg'])
  advance(28 * 3_600_000)
  expect(await checksOf(tracker, 'pending')).toMatchObject([{ level: 'warn' }])
  advance(2 * 3_600_000)
  expect(await checksOf(tracker, 'pending')).toMatchObject([{ level: 'fail' }])
})

test('doctor reports a database that cannot be written', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const probe = () => Promise.reject(new TrackerError('store_unavailable', 'The disk is full.'))
  const tracker = await startTracker(WITHOUT_RECONCILER, { store: { ...real, probe } }, database)
  expect(await checksOf(tracker, 'database')).toMatchObject([
    { level: 'fail', message: expect.stringMatching(/^not writable: The disk is full\. Unavailable since/) },
  ])
})

test('a process that is not notified of the commits of others is reported, with the reason', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const findFeedFault = async () => 'no pg_hba.conf entry'
  const tracker = await startTracker(WITHOUT_RECONCILER, { store: { ...real, findFeedFault } }, database)
  expect(await checksOf(tracker, 'other processes')).toMatchObject([
    {
      level: 'warn',
      message: 'their changes are noticed up to a second late: no pg_hba.conf entry',
      remedy: expect.stringContaining('DATABASE_LISTEN_URL'),
    },
  ])
})

test('doctor reports a database that cannot be read, and still runs the other checks', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const reject = () => Promise.reject(new TrackerError('store_unavailable', 'The disk is broken.'))
  const store = { ...real, countRejected: reject, findOldestPending: reject }
  const tracker = await startTracker(WITHOUT_RECONCILER, { store }, database)
  for (const name of ['rejected webhooks', 'pending'])
    expect(await checksOf(tracker, name)).toMatchObject([
      { level: 'fail', message: 'unknown: The disk is broken.' },
    ])
  expect(await checksOf(tracker, 'token secret')).toMatchObject([{ level: 'ok' }])
})

test('doctor reports a local PUBLIC_URL if ImageKit is not local', async () => {
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, IMAGEKIT_API_URL: 'https://imagekit.invalid' })
  expect(await checksOf(tracker, 'PUBLIC_URL')).toMatchObject([
    { level: 'fail', message: expect.stringContaining("can't deliver webhooks") },
  ])
})

test('doctor warns about a service without an API key', async () => {
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, TRACKER_API_KEY: '' })
  expect(await checksOf(tracker, 'keys')).toMatchObject([{ level: 'warn' }])
})
