import { chmodSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { checksOf } from '../support/operator.ts'
import { pathOf } from '../support/sqlite-database.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { WITHOUT_RECONCILER } from './reconcile-setup.ts'

/** The path of the token secret, beside the database. */
function secretOf({ database }: RunningTracker): string {
  return join(dirname(pathOf(database)), 'token-secret')
}

test('doctor reports a token secret that others can read', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  expect(await checksOf(tracker, 'token secret')).toMatchObject([{ level: 'ok' }])
  chmodSync(secretOf(tracker), 0o644)
  expect(await checksOf(tracker, 'token secret')).toMatchObject([
    {
      level: 'fail',
      message: expect.stringContaining('mode 644'),
      remedy: expect.stringContaining('chmod 600'),
    },
  ])
})

test('doctor reports a missing token secret, and still checks the database', async () => {
  const tracker = await startTracker(WITHOUT_RECONCILER)
  rmSync(secretOf(tracker))
  expect(await checksOf(tracker, 'token secret')).toMatchObject([
    { level: 'fail', message: expect.stringContaining('ENOENT'), remedy: expect.any(String) },
  ])
  expect(await checksOf(tracker, 'database')).toMatchObject([{ level: 'ok' }])
})
