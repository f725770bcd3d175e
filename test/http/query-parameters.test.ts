import { expect, test } from 'vitest'
import { ask } from '../support/operator.ts'
import { startTracker } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'

// If `?dryRun=true` were ignored, what was meant as a preview would retry runs or forget an asset.
test.each([
  ['POST', '/runs/retry?dryRun=true', { status: 'failed' }, 'dryRun'],
  ['DELETE', '/assets/file-1?dryRun=true', {}, 'dryRun'],
  ['POST', '/reconcile?dryRun=true', { dryRun: true }, 'dryRun'],
  ['POST', '/submissions?fileId=file-1', { extensions: [{ name: 'remove-bg' }] }, 'fileId'],
  ['GET', '/runs?statuss=', undefined, 'statuss'],
] as const)(
  'the unknown parameter of %s %s is rejected, and no run is created or deleted',
  async (method, path, body, field) => {
    const tracker = await startTracker()
    await register(tracker, ['remove-bg'], 'file-1')
    const { status, json } = await ask(tracker, path, { method, body })
    expect(status).toBe(400)
    expect(json).toMatchObject({ errors: [{ field, message: 'is not a parameter of this route' }] })
    const { json: listed } = await ask<{ runs: object[] }>(tracker, '/runs')
    expect(listed.runs).toHaveLength(1)
  },
)

test.each([
  ['POST', '/submissions', { extensions: 'x', fileName: 3 }, ['must be a string', 'must be an array']],
  ['POST', '/runs/retry', { status: 'failed', limit: 0 }, ['must be at least 1']],
  ['POST', '/runs/retry', { status: 'failed', acknowledged: 'no' }, ['must be true or false']],
  ['POST', '/reconcile', { dryRun: true, dryrun: false }, ['is not a known field']],
  ['GET', '/runs?status=lost', undefined, ['must be pending, success, failed or expired']],
  ['GET', '/assets/status', undefined, ['must be given 1 to 100 times, each time with a valid fileId']],
] as const)(
  '%s %s with %j explains each invalid field in plain words',
  async (method, path, body, messages) => {
    const { status, json } = await ask<{ errors: { message: string }[] }>(await startTracker(), path, {
      method,
      body,
    })
    expect(status).toBe(400)
    expect(json.errors.map(({ message }) => message).toSorted()).toEqual([...messages].toSorted())
  },
)
