import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, test, vi } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { type RunningTracker, startTracker, temporaryDirectory } from '../support/tracker.ts'
import { deliver, register } from '../support/webhooks.ts'
import { BY_HAND, movingClock, rowsOf } from './reconcile-setup.ts'

const SECRET = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`
const IN_TIME = { timeout: 10_000 }
const MINUTE = 60_000

type Message = {
  text: string
  alert: string
  state: string
  extension: string | null
  count: number | null
  ageSeconds: number | null
  since: string
  resolvedAt: string | null
  url: string
}

/** Read by the scheme's own library at the time of the tracker; what is not signed by us throws. */
function verified({ headers, body }: Receiver['requests'][number]): Message {
  const at = String(headers['webhook-timestamp'])
  vi.useFakeTimers({ toFake: ['Date'], now: Number(at) * 1000 })
  try {
    const told = new Webhook(SECRET).verify(body, {
      'webhook-id': String(headers['webhook-id']),
      'webhook-timestamp': at,
      'webhook-signature': String(headers['webhook-signature']),
    })
    return told as Message
  } finally {
    vi.useRealTimers()
  }
}

/** A tracker that alerts a receiver, and how it answers. */
async function startAlerting(env: { [name: string]: string } = {}) {
  const answer = { status: 200, isSilent: false }
  const receiver = await startReceiver((request, response) => {
    if (answer.isSilent) request.socket.destroy()
    else response.writeHead(answer.status).end('ok')
  })
  const { clock, advance } = movingClock()
  const directory = temporaryDirectory()
  let begun = 0
  const openStore = () => {
    const store = openSqliteStore({ path: join(directory, 'tracker.db') })
    const listAlerts = () => {
      begun += 1
      return store.listAlerts()
    }
    return { ...store, listAlerts }
  }
  const tracker = await startTracker(
    {
      ...BY_HAND,
      RECONCILE_AFTER: '7d',
      EXPIRE_AFTER: '7d',
      ALERT_WEBHOOK_URL: receiver.url,
      ALERT_FAILURES: '3/15m',
      ALLOW_PRIVATE_TARGETS: 'true',
      TRACKER_WEBHOOK_SECRET: SECRET,
      ...env,
    },
    {
      clock,
      alertEveryMs: 50,
      get store() {
        return openStore()
      },
    },
    directory,
  )
  /** Something was the matter or not, and it is told: one look has begun and ended since. */
  const looks = async () => {
    const before = begun
    await expect.poll(() => begun, IN_TIME).toBeGreaterThanOrEqual(before + 2)
  }
  const messages = () => receiver.requests.map(verified)
  const states = () => messages().map(({ state, extension }) => `${state} ${extension}`)
  return { tracker, receiver, answer, advance, messages, states, looks }
}

async function fail(tracker: RunningTracker, name: string, count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const fileId = `file-${performance.now()}`
    const { webhookUrl } = await register(tracker, [name], fileId)
    await deliver(webhookUrl, { service: name, status: 'FAILURE', fileId, error: { message: 'Quota.' } })
  }
}

const kept = (tracker: RunningTracker) => rowsOf(tracker, 'SELECT state, is_told AS told FROM alerts')

test('an extension that fails too often is told of once, and once when that is over', async () => {
  const { tracker, advance, messages, states, looks } = await startAlerting()
  await fail(tracker, 'ai-tasks', 2)
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(states, IN_TIME).toEqual(['firing remove-bg'])
  const [firing] = messages()
  expect(firing).toMatchObject({ alert: 'failures', count: 3, resolvedAt: null })
  expect(firing?.text).toContain('remove-bg has failed 3 times in the last 15 min')
  expect(firing?.url).toBe(`${tracker.url}/admin/failures?extension=remove-bg`)

  await fail(tracker, 'remove-bg', 3)
  await looks()
  expect(states()).toEqual(['firing remove-bg'])

  advance(15 * MINUTE)
  await expect.poll(states, IN_TIME).toEqual(['firing remove-bg', 'resolved remove-bg'])
  expect(messages()[1]).toMatchObject({ count: 0, since: firing?.since, resolvedAt: expect.any(String) })
  await expect.poll(() => kept(tracker), IN_TIME).toEqual([])
  await looks()
  expect(states()).toHaveLength(2)
})

test('runs that were requested long ago and fail now count; those that failed long ago do not', async () => {
  const { tracker, advance, states, looks } = await startAlerting({ ALERT_PENDING_AGE: '30d' })
  await fail(tracker, 'remove-bg', 2)
  const old = await Promise.all(
    ['1', '2', '3'].map(async (id) => ({ id, ...(await register(tracker, ['ai-tasks'], id)) })),
  )
  advance(24 * 60 * MINUTE)
  await fail(tracker, 'remove-bg', 2)
  await looks()
  expect(states()).toEqual([])
  for (const { id, webhookUrl } of old)
    await deliver(webhookUrl, { service: 'ai-tasks', status: 'FAILURE', fileId: id })
  await expect.poll(states, IN_TIME).toEqual(['firing ai-tasks'])
})

test('a restart tells nothing again, and the end is told after it', async () => {
  const { tracker, advance, states, looks } = await startAlerting()
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => kept(tracker), IN_TIME).toEqual([{ state: 'firing', told: 1 }])
  const restarted = await tracker.restart()
  await looks()
  expect(states()).toEqual(['firing remove-bg'])
  advance(15 * MINUTE)
  await expect.poll(states, IN_TIME).toEqual(['firing remove-bg', 'resolved remove-bg'])
  await expect.poll(() => kept(restarted), IN_TIME).toEqual([])
})

test('the oldest pending run is told of when it has waited too long, and when nothing has any more', async () => {
  const { tracker, advance, messages, looks } = await startAlerting({ ALERT_PENDING_AGE: '1h' })
  const { webhookUrl } = await register(tracker, ['remove-bg'], 'file-1')
  advance(59 * MINUTE)
  await looks()
  expect(messages()).toEqual([])
  advance(2 * MINUTE)
  await expect.poll(messages, IN_TIME).toHaveLength(1)
  expect(messages()[0]).toMatchObject({
    alert: 'oldest_pending',
    state: 'firing',
    extension: null,
    url: `${tracker.url}/admin/failures?status=pending`,
  })
  expect(messages()[0]?.ageSeconds).toBeGreaterThanOrEqual(3_660)
  await deliver(webhookUrl, { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'file-1' } })
  await expect.poll(() => messages().map(({ state }) => state), IN_TIME).toEqual(['firing', 'resolved'])
})

test('a dead address slows nothing down, is tried again, and told of what it missed', async () => {
  const { tracker, receiver, answer, advance, states, looks } = await startAlerting()
  answer.isSilent = true
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length, IN_TIME).toBe(1)
  expect((await tracker.fetch('/readyz')).status).toBe(200)
  await fail(tracker, 'ai-tasks', 3)
  await looks()
  expect(receiver.requests).toHaveLength(1)
  expect(kept(tracker)).toEqual([
    { state: 'firing', told: 0 },
    { state: 'firing', told: 0 },
  ])

  answer.isSilent = false
  answer.status = 500
  advance(6_000)
  await expect.poll(() => receiver.requests.length, IN_TIME).toBe(2)
  answer.status = 200
  advance(11_000)
  await expect
    .poll(() => new Set(states()), IN_TIME)
    .toEqual(new Set(['firing remove-bg', 'firing ai-tasks']))
  await expect
    .poll(() => kept(tracker), IN_TIME)
    .toEqual([
      { state: 'firing', told: 1 },
      { state: 'firing', told: 1 },
    ])
  expect(receiver.requests).toHaveLength(4)
  const [first, second, ...later] = receiver.requests.map(({ headers }) => headers['webhook-id'])
  expect(second).toBe(first)
  expect(later).toContain(first)
})

test('what could not be told is tried again though the clock has been set back a day', async () => {
  const { tracker, receiver, answer, advance } = await startAlerting()
  answer.status = 503
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length, IN_TIME).toBe(1)
  answer.status = 200
  advance(-24 * 60 * MINUTE)
  await expect.poll(() => kept(tracker), IN_TIME).toEqual([{ state: 'firing', told: 1 }])
})

test('what is over before its address could be told is told as over', async () => {
  const { tracker, receiver, answer, advance, states } = await startAlerting()
  answer.status = 503
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length, IN_TIME).toBe(1)
  answer.status = 200
  advance(16 * MINUTE)
  await expect.poll(() => kept(tracker), IN_TIME).toEqual([])
  expect(states()).toEqual(['firing remove-bg', 'resolved remove-bg'])
})

test('a stop while the address says nothing ends soon, and the message is sent after the restart', async () => {
  const { tracker, receiver, answer } = await startAlerting()
  answer.isSilent = true
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length, IN_TIME).toBe(1)
  answer.isSilent = false
  const restarted = await tracker.restart()
  await expect.poll(() => kept(restarted), IN_TIME).toEqual([{ state: 'firing', told: 1 }])
  expect(receiver.requests).toHaveLength(2)
})

test('a private address is not connected to unless that is allowed, and nothing is told without an address', async () => {
  const guarded = await startAlerting({ ALLOW_PRIVATE_TARGETS: 'false' })
  await fail(guarded.tracker, 'remove-bg', 3)
  await expect.poll(() => kept(guarded.tracker), IN_TIME).toEqual([{ state: 'firing', told: 0 }])
  const without = await startAlerting({ ALERT_WEBHOOK_URL: '', ALERT_FAILURES: '' })
  await fail(without.tracker, 'remove-bg', 20)
  await guarded.looks()
  expect(guarded.receiver.connections() + without.receiver.connections()).toBe(0)
  expect(kept(without.tracker)).toEqual([])
})
