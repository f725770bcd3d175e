import { expect, test } from 'vitest'
import { ask } from '../support/operator.ts'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { WITHOUT_RECONCILER } from './reconcile-setup.ts'

test.each([
  ['GET', '/runs'],
  ['GET', '/runs/x'],
  ['POST', '/runs/x/retry'],
  ['POST', '/runs/x/acknowledge'],
  ['POST', '/runs/retry'],
  ['GET', '/retries/x'],
  ['GET', '/deliveries'],
  ['GET', '/deliveries/x'],
  ['POST', '/deliveries/x/replay'],
  ['GET', '/stats'],
  ['GET', '/audit'],
  ['POST', '/backup'],
  ['POST', '/reconcile'],
  ['DELETE', '/assets/x'],
])('%s %s requires the admin key', async (method, path) => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  expect((await ask(tracker, path, { method, key: API_KEY })).status).toBe(403)
  expect((await ask(tracker, path, { method, key: 'no key of ours' })).status).toBe(401)
})

test('the audit log names an admin key without a name by a hash of its secret, not by its position', async () => {
  const [first, second] = ['first-admin-0123456789', 'second-admin-0123456789']
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, TRACKER_ADMIN_KEY: first })
  // Each of these requests is recorded in the audit log.
  await ask(tracker, '/reconcile', { method: 'POST', body: { dryRun: false }, key: first })
  const extended = await tracker.restart({ TRACKER_ADMIN_KEY: `${second},${first}` })
  await ask(extended, '/reconcile', { method: 'POST', body: { dryRun: false }, key: second })
  await ask(extended, '/reconcile', { method: 'POST', body: { dryRun: false }, key: first })
  const { json } = await ask<{ entries: { actor: string }[] }>(extended, '/audit', { key: first })
  const [newest, middle, oldest] = json.entries.map(({ actor }) => actor)
  expect(newest).toMatch(/^key-[\da-f]{8}$/)
  expect(oldest).toBe(newest)
  expect(middle).not.toBe(newest)
})
