import { expect, onTestFinished, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import type { Overrides } from '../../src/service.ts'
import type { StoreHandle } from '../../src/store/store.ts'
import { openSqlite } from '../store/open-sqlite.ts'
import { openBrowser, signIn } from '../support/operator-browser.ts'
import { ADMIN_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, movedTo, payload, register, statusOf } from '../support/webhooks.ts'

const ENV = { TRACKER_TOKEN_SECRET: 'token-secret-of-the-tests' }

type Listener = Parameters<StoreHandle['watchOtherCommits']>[0]

/**
 * Starts two services on one database, as two processes would. The database is a SQLite file, even in the PostgreSQL project. A
 * service is notified of the other's commits only when the test calls `report`, which notifies both services of a change.
 */
async function startBoth(overridesOfSecond: Overrides = {}) {
  const opened = await openSqlite()
  onTestFinished(() => opened.destroy())
  const listeners: Listener[] = []
  const share = (store: StoreHandle): StoreHandle => ({
    ...store,
    isShared: true,
    watchOtherCommits: (listener) => void listeners.push(listener),
  })
  const stores = [share(opened.store), share(await opened.openAnotherProcess())] as const
  const one = await startTracker(ENV, { store: stores[0] })
  const two = await startTracker(ENV, { store: stores[1], ...overridesOfSecond })
  const report: Listener = (changed) => {
    for (const listener of listeners) listener(changed)
  }
  return { one, two, report, stores }
}

/** Registers a submission of these extensions. Returns a function that settles the run of one by a webhook to `receiver`. */
async function registerAt(tracker: RunningTracker, ...names: string[]) {
  const { webhookUrl } = await register(tracker, names)
  return async (name: string, receiver = tracker) => {
    const { status } = await deliver(movedTo(receiver, webhookUrl), payload(name, 'success'))
    expect(status).toBe(200)
  }
}

test('a change that one process acknowledged is in the next status of the other, even before the change is reported', async () => {
  const { one, two } = await startBoth()
  const settle = await registerAt(one, 'remove-bg', 'google-auto-tagging')
  for (const tracker of [two, one]) expect(await statusOf(tracker)).toMatchObject({ status: 'pending' })
  await settle('remove-bg')
  for (const tracker of [two, one])
    expect(await statusOf(tracker)).toMatchObject({
      extensionStatus: { 'remove-bg': 'success', 'google-auto-tagging': 'pending' },
    })
  await settle('google-auto-tagging', two)
  for (const tracker of [one, two]) expect(await statusOf(tracker)).toMatchObject({ status: 'success' })
})

test.each([
  ['a change of the asset', { fileIds: [FILE_ID], submissionIds: [] }],
  ['an unknown change', 'unknown'],
] as const)(
  'a waiting request and an event stream at one process get the new status when the other reports %s',
  async (_, changed) => {
    const { one, two, report } = await startBoth()
    const settle = await registerAt(one, 'remove-bg')
    const waiting = two.fetch(`/assets/${FILE_ID}/status?wait=60`)
    const events = await two.fetch(`/assets/${FILE_ID}/events`)
    await settle('remove-bg')
    // If the wait begins after the report, it reads the new state.
    report(changed)
    expect(await (await waiting).json()).toMatchObject({ status: 'success' })
    const stream = await events.text()
    expect(stream.match(/"status":"\w+","extensionStatus"/g)?.at(-1)).toContain('success')
  },
)

test('a waiting request for a submission gets its response when the other process reports the submission', async () => {
  const { one, two, report } = await startBoth()
  const { submissionId, statusUrl, webhookUrl } = await register(one, ['remove-bg'], null)
  const waiting = fetch(`${movedTo(two, statusUrl)}&wait=60`)
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  report({ fileIds: [], submissionIds: [submissionId] })
  expect(await (await waiting).json()).toMatchObject({ extensions: [{ status: 'success' }] })
})

test('times come from the clock of the database, even if the clock of a process is an hour ahead', async () => {
  const before = Date.now()
  const { two } = await startBoth({ systemClock: () => Date.now() + 3_600_000 })
  await register(two, ['remove-bg'])
  const { updatedAt } = (await statusOf(two)) as unknown as { updatedAt: string }
  expect(Date.parse(updatedAt)).toBeGreaterThanOrEqual(before - 1_000)
  expect(Date.parse(updatedAt)).toBeLessThan(before + 600_000)
})

test('failed attempts to sign in count for both processes together', async () => {
  const { one, two } = await startBoth()
  const attempt = async (tracker: RunningTracker, key: string) =>
    (await openBrowser(tracker).post('/admin/sign-in', [['key', key]])).status
  for (let count = 0; count < 10; count += 1)
    expect(await attempt(count % 2 === 0 ? one : two, 'wrong-key-0123456789')).toBe(401)
  // Ten failures from one network block its further attempts, even with a valid key.
  expect(await attempt(one, ADMIN_KEY)).toBe(429)
  expect(await attempt(two, ADMIN_KEY)).toBe(429)
})

/** The HTTP status of the admin page with this cookie: without a session it is 303, a redirect to the sign-in page. */
const adminStatus = async (tracker: RunningTracker, cookie: string) =>
  (await fetch(`${tracker.url}/admin`, { headers: { cookie }, redirect: 'manual' })).status

test('a session that was signed out at one process ends at the other within a second', async () => {
  let uptimeMs = 0
  const { one, two } = await startBoth({ uptimeMs: () => uptimeMs })
  const browser = await signIn(one)
  const cookie = browser.cookie()
  expect(await adminStatus(two, cookie)).toBe(200)
  await browser.submit(await browser.get('/admin'), '/admin/sign-out')
  expect(await adminStatus(one, cookie)).toBe(303)
  // A process reads the ended sessions at most once a second.
  uptimeMs = 1_000
  expect(await adminStatus(two, cookie)).toBe(303)
})

test('while ended sessions cannot be read, no session is accepted and none is ended', async () => {
  let uptimeMs = 0
  const { one, two, stores } = await startBoth({ uptimeMs: () => uptimeMs })
  const browser = await signIn(one)
  const cookie = browser.cookie()
  expect(await adminStatus(two, cookie)).toBe(200)
  const unavailable = new TrackerError('store_unavailable', 'The database cannot be used at the moment.')
  const original = { ...stores[1] }
  stores[1].listEndedSessions = () => Promise.reject(unavailable)
  uptimeMs = 1_000
  expect(await adminStatus(two, cookie)).toBe(503)
  // A request without a session reads nothing.
  expect(await adminStatus(two, '')).toBe(303)
  Object.assign(stores[1], original)
  uptimeMs = 2_000
  expect(await adminStatus(two, cookie)).toBe(200)
})
