import { expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { createTestDatabase, databaseName, openStoreOf } from '../support/database.ts'
import { ask } from '../support/operator.ts'
import { startStandIn } from '../support/stand-in.ts'
import {
  ADMIN_KEY,
  API_KEY,
  IMAGEKIT_KEY,
  type RunningTracker,
  startTracker,
  startTrackerAndSandbox,
} from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'
import { BY_HAND, movingClock } from './reconcile-setup.ts'

type Check = { name: string; level: string; told: string; remedy: string | null }
type Examination = { instanceId: string; publicUrl: string; version: string; node: string; checks: Check[] }

async function examined(tracker: RunningTracker): Promise<Examination> {
  const { status, json } = await ask<Examination>(tracker, '/doctor')
  expect(status).toBe(200)
  return json
}

/** What was found under a name. */
async function checksOf(tracker: RunningTracker, name: string): Promise<Check[]> {
  return (await examined(tracker)).checks.filter((check) => check.name === name)
}

test('a service in order says so, and nothing secret', async () => {
  const secrets = {
    TRACKER_TOKEN_SECRET: 'token-secret-of-the-tests',
    IMAGEKIT_WEBHOOK_SECRET: 'whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw==',
    TRACKER_WEBHOOK_SECRET: `whsec_${Buffer.alloc(24, 7).toString('base64')}`,
  }
  const { tracker } = await startTrackerAndSandbox({ ...BY_HAND, ...secrets })
  const told = await examined(tracker)
  expect(told.checks.map(({ name, level }) => `${level} ${name}`)).toEqual([
    "ok service's set-up",
    'ok keys',
    'ok token secret',
    'ok database',
    ...(databaseName() === 'SQLite' ? ['ok disk'] : []),
    'ok ImageKit',
    "ok service's clock",
    'ok PUBLIC_URL',
    'ok alerts',
    'ok refused webhooks',
    'ok pending',
  ])
  expect(told).toMatchObject({ publicUrl: tracker.url, version: '0.1.0', node: process.version })
  for (const secret of [...Object.values(secrets), ADMIN_KEY, API_KEY, IMAGEKIT_KEY])
    expect(JSON.stringify(told)).not.toContain(secret)
  const health = await tracker.fetch('/healthz')
  expect(health.headers.get('x-instance-id')).toBe(told.instanceId)
})

test('it is opened by the admin key alone', async () => {
  const tracker = await startTracker(BY_HAND)
  expect((await ask(tracker, '/doctor', { key: API_KEY })).status).toBe(403)
  expect((await ask(tracker, '/doctor', { key: 'no key of ours' })).status).toBe(401)
})

test('two processes, or one that was started again, are told apart', async () => {
  const tracker = await startTracker(BY_HAND)
  const { instanceId } = await examined(tracker)
  const again = await tracker.restart()
  expect((await examined(again)).instanceId).not.toBe(instanceId)
})

test.each([
  [401, {}, 'fail', 'does not take the key (401)'],
  [403, {}, 'fail', 'does not take the key (403)'],
  [429, { 'x-ratelimit-reset': '5000' }, 'warn', 'takes more in 5 s'],
  [500, {}, 'fail', 'it answered 500'],
])('an ImageKit that answers %i %j: %s', async (status, headers, level, sentence) => {
  const imagekit = await startStandIn((response) => response.writeHead(status, headers).end('{}'))
  const tracker = await startTracker({ ...BY_HAND, IMAGEKIT_API_URL: imagekit.url })
  const [check] = await checksOf(tracker, 'ImageKit')
  expect(check).toMatchObject({ level, told: expect.stringContaining(sentence), remedy: expect.any(String) })
})

test('an ImageKit that is not there is told, and that nothing follows of its clock', async () => {
  const tracker = await startTracker({ ...BY_HAND, IMAGEKIT_API_URL: 'http://127.0.0.1:1' })
  expect(await checksOf(tracker, 'ImageKit')).toMatchObject([
    { level: 'fail', told: expect.stringContaining('ECONNREFUSED') },
  ])
  expect(await checksOf(tracker, "service's clock")).toEqual([])
})

test.each([
  [0, 'ok'],
  [60_000, 'warn'],
  [600_000, 'fail'],
  [-600_000, 'fail'],
])('a clock that is %i ms off is %s', async (ms, level) => {
  const { clock, advance } = movingClock()
  advance(ms)
  const { tracker } = await startTrackerAndSandbox(BY_HAND, { clock })
  expect(await checksOf(tracker, "service's clock")).toMatchObject([{ level }])
})

test('webhooks that were refused in the last day are told by cause', async () => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker(BY_HAND, { clock })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(`${webhookUrl.slice(0, -3)}abc`, payload('remove-bg', 'success'))
  await deliver(`${webhookUrl.slice(0, -3)}abd`, payload('remove-bg', 'success'))
  await deliver(`${tracker.url}/webhooks/account`, { type: 'file.created' })
  await expect
    .poll(() => checksOf(tracker, 'refused webhooks'))
    .toMatchObject([
      {
        level: 'warn',
        told: '2 in the last 24 h: forged_token',
        remedy: expect.stringContaining('TOKEN_SEC'),
      },
      {
        level: 'warn',
        told: '1 in the last 24 h: no_secret',
        remedy: expect.stringContaining('IMAGEKIT_WEB'),
      },
    ])
  advance(25 * 3_600_000)
  expect(await checksOf(tracker, 'refused webhooks')).toMatchObject([{ level: 'ok' }])
})

test.each([
  [60_000, 'ok'],
  [3 * 3_600_000, 'warn'],
  [26 * 3_600_000, 'fail'],
])('a run that has been pending for %i ms is %s', async (ms, level) => {
  const { clock, advance } = movingClock()
  const tracker = await startTracker({ RECONCILE_AFTER: '90d', RECONCILE_EVERY: '90d' }, { clock })
  await register(tracker, ['remove-bg', 'ai-tasks'])
  advance(ms)
  expect(await checksOf(tracker, 'pending')).toMatchObject([
    { level, told: expect.stringContaining('2 run(s)') },
  ])
})

test('a database that cannot be written is told', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const probe = () => Promise.reject(new TrackerError('store_unavailable', 'The disk is full.'))
  const tracker = await startTracker(BY_HAND, { store: { ...real, probe } }, database)
  expect(await checksOf(tracker, 'database')).toMatchObject([
    { level: 'fail', told: expect.stringMatching(/^it can't be written: The disk is full\. It has not/) },
  ])
})

test('a database that cannot be read is told, and everything else with it', async () => {
  const database = await createTestDatabase()
  const real = await openStoreOf(database)
  const refuse = () => Promise.reject(new TrackerError('store_unavailable', 'The disk is broken.'))
  const store = { ...real, countRejected: refuse, findOldestPending: refuse }
  const tracker = await startTracker(BY_HAND, { store }, database)
  for (const name of ['refused webhooks', 'pending'])
    expect(await checksOf(tracker, name)).toMatchObject([
      { level: 'fail', told: 'not known: The disk is broken.' },
    ])
  expect(await checksOf(tracker, 'token secret')).toMatchObject([{ level: 'ok' }])
})

test('an address that ImageKit cannot reach is told, but for the local one', async () => {
  const far = await startTracker({ ...BY_HAND, IMAGEKIT_API_URL: 'https://imagekit.invalid' })
  expect(await checksOf(far, 'PUBLIC_URL')).toMatchObject([
    { level: 'fail', told: expect.stringContaining('no webhook') },
  ])
})

test('a service without keys warns of it', async () => {
  const tracker = await startTracker({ ...BY_HAND, TRACKER_API_KEY: '' })
  expect(await checksOf(tracker, 'keys')).toMatchObject([{ level: 'warn' }])
})
