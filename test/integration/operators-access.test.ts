import { expect, test } from 'vitest'
import { ask } from '../support/operator.ts'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { BY_HAND } from './reconcile-setup.ts'

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
])('%s %s is opened by the admin key alone', async (method, path) => {
  const tracker = await startTracker(BY_HAND)
  expect((await ask(tracker, path, { method, key: API_KEY })).status).toBe(403)
  expect((await ask(tracker, path, { method, key: 'no key of ours' })).status).toBe(401)
})
