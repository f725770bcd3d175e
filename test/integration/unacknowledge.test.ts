import { expect, test } from 'vitest'
import { ask, listRuns, type OperatorRun } from '../support/operator.ts'
import { API_KEY, startTracker } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

test('revoking an acknowledgement makes the run an open failure again, and is recorded once in the audit log even if it is repeated', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(webhookUrl, payload('remove-bg', 'failure'))
  const [run] = await listRuns(tracker)
  const path = `/runs/${run?.runId}`
  await ask(tracker, `${path}/acknowledge`, { method: 'POST', body: { note: 'seen' } })
  expect(await listRuns(tracker, '?acknowledged=false')).toEqual([])

  const body = { reason: 'the wrong one' }
  const revoked = await ask<OperatorRun>(tracker, `${path}/unacknowledge`, { method: 'POST', body })
  expect(revoked.status).toBe(200)
  expect(revoked.json).toEqual({ ...run, acknowledgedAt: null })
  expect(await listRuns(tracker, '?acknowledged=false')).toEqual([revoked.json])
  const audited = { kind: 'unacknowledge', subject: run?.runId, reason: 'the wrong one' }
  const entries = [audited, { kind: 'acknowledge', subject: run?.runId }]
  expect((await ask(tracker, '/audit')).json).toMatchObject({ entries })
  const { json } = await ask<{ timeline: { what: string }[] }>(tracker, path)
  expect(json.timeline.at(-1)).toMatchObject({ what: 'unacknowledge', reason: 'the wrong one' })

  const again = await ask<OperatorRun>(tracker, `${path}/unacknowledge`, { method: 'POST' })
  expect(again).toMatchObject({ status: 200, json: { acknowledgedAt: null } })
  expect((await ask(tracker, '/audit')).json).toMatchObject({ entries })
})

test('revoking an acknowledgement requires the admin key and a known run', async () => {
  const tracker = await startTracker()
  const path = '/runs/run_1_AAAAAAAAAAA/unacknowledge'
  expect((await ask(tracker, path, { method: 'POST', key: API_KEY })).status).toBe(403)
  expect((await ask(tracker, path, { method: 'POST' })).status).toBe(404)
})
