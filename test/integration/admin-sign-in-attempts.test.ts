import { expect, test } from 'vitest'
import { breakWrites } from '../support/database.ts'
import { readText } from '../support/html.ts'
import { openBrowser } from '../support/operator-browser.ts'
import { ADMIN_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'

/** Returns a function that tries to sign in with `key`. It sends `address` as the `X-Forwarded-For` header. */
const attemptsAt = (tracker: RunningTracker) => (address: string, key: string) =>
  openBrowser(tracker).post('/admin/sign-in', [['key', key]], { 'x-forwarded-for': address })

test('ten failed attempts from one address lock it out for 15 minutes, even with the right key', async () => {
  let now = Date.now()
  const tracker = await startTracker({ TRUSTED_PROXIES: '127.0.0.0/8' }, { clock: () => now })
  const from = attemptsAt(tracker)
  for (let count = 0; count < 10; count += 1)
    expect((await from('192.0.2.1', 'wrong-key-0123456789')).status).toBe(401)
  const locked = await from('192.0.2.1', ADMIN_KEY)
  expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '900'])
  expect(readText(locked.html)).toContain('Wait 15 minutes')
  expect((await from('192.0.2.2', ADMIN_KEY)).status).toBe(303)
  // Clients can invent all entries before the one that the trusted proxy adds.
  expect((await from('203.0.113.9, 192.0.2.1', ADMIN_KEY)).status).toBe(429)
  now += 15 * 60_000
  expect((await from('192.0.2.1', ADMIN_KEY)).status).toBe(303)
})

test('a hundred failed attempts from ten addresses lock out only these addresses', async () => {
  const tracker = await startTracker({ TRUSTED_PROXIES: '127.0.0.1' })
  const from = attemptsAt(tracker)
  for (let index = 0; index < 100; index += 1)
    expect((await from(`198.51.100.${index % 10}`, `wrong-key-${index}-0123456789`)).status).toBe(401)
  expect((await from('198.51.100.0', ADMIN_KEY)).status).toBe(429)
  expect((await from('192.0.2.2', ADMIN_KEY)).status).toBe(303)
})

test('ten failed attempts with one key lock out this key, whatever the addresses', async () => {
  const tracker = await startTracker({ TRUSTED_PROXIES: '127.0.0.1' })
  const from = attemptsAt(tracker)
  for (let index = 0; index < 10; index += 1)
    expect((await from(`198.51.100.${index}`, 'wrong-key-0123456789')).status).toBe(401)
  expect((await from('192.0.2.2', 'wrong-key-0123456789')).status).toBe(429)
  expect((await from('192.0.2.2', 'other-key-0123456789')).status).toBe(401)
  expect((await from('192.0.2.3', ADMIN_KEY)).status).toBe(303)
})

test('without TRUSTED_PROXIES the X-Forwarded-For header is ignored', async () => {
  const tracker = await startTracker()
  const from = attemptsAt(tracker)
  for (let index = 0; index < 10; index += 1) await from(`192.0.2.${index}`, 'wrong-key-0123456789')
  expect((await from('192.0.2.99', ADMIN_KEY)).status).toBe(429)
})

test('failed attempts still count after a restart', async () => {
  // Addresses and keys are stored as hashes made with this secret.
  const tracker = await startTracker({ TRACKER_TOKEN_SECRET: 'token-secret-of-the-tests' })
  for (let count = 0; count < 10; count += 1)
    expect((await attemptsAt(tracker)('', 'wrong-key-0123456789')).status).toBe(401)
  const restarted = await tracker.restart()
  expect((await attemptsAt(restarted)('', ADMIN_KEY)).status).toBe(429)
})

test('twelve sign-ins with the right key are all accepted', async () => {
  const from = attemptsAt(await startTracker())
  for (let count = 0; count < 12; count += 1) expect((await from('', ADMIN_KEY)).status).toBe(303)
})

test('while failed attempts cannot be stored, a right key signs in and wrong keys are still limited', async () => {
  const tracker = await startTracker({ TRUSTED_PROXIES: '127.0.0.1' })
  const from = attemptsAt(tracker)
  await breakWrites(tracker.database, 'sign_in_failures')
  expect((await from('192.0.2.1', ADMIN_KEY)).status).toBe(303)
  for (let count = 0; count < 10; count += 1)
    expect((await from('192.0.2.1', 'wrong-key-0123456789')).status).toBe(401)
  expect((await from('192.0.2.1', ADMIN_KEY)).status).toBe(429)
  expect((await from('192.0.2.2', ADMIN_KEY)).status).toBe(303)
})
