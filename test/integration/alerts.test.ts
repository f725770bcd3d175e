import { expect, test } from 'vitest'
import { deliver, register } from '../support/webhooks.ts'
import { fail, MINUTE, startAlerting, storedAlerts } from './alerting.ts'

test('an extension that fails too often causes one message when its alert fires, and one when it resolves', async () => {
  const { tracker, advance, messages, states, nextCheck } = await startAlerting()
  await fail(tracker, 'ai-tasks', 2)
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(states).toEqual(['firing remove-bg'])
  const [firing] = messages()
  expect(firing).toMatchObject({ alert: 'failures', count: 3, resolvedAt: null })
  expect(firing?.text).toContain('remove-bg has failed 3 times in the last 15 min')
  expect(firing?.url).toBe(`${tracker.url}/admin/failures?extension=remove-bg`)

  await fail(tracker, 'remove-bg', 3)
  await nextCheck()
  expect(states()).toEqual(['firing remove-bg'])

  advance(16 * MINUTE)
  await expect.poll(states).toEqual(['firing remove-bg', 'resolved remove-bg'])
  expect(messages()[1]).toMatchObject({ count: 0, since: firing?.since, resolvedAt: expect.any(String) })
  await expect.poll(() => storedAlerts(tracker)).toEqual([])
  await nextCheck()
  expect(states()).toHaveLength(2)
})

test('recent failures of old runs count towards an alert; old failures do not', async () => {
  const { tracker, advance, states, nextCheck } = await startAlerting({ ALERT_PENDING_AGE: '30d' })
  await fail(tracker, 'remove-bg', 2)
  const old = await Promise.all(
    ['1', '2', '3'].map(async (id) => ({ id, ...(await register(tracker, ['ai-tasks'], id)) })),
  )
  advance(24 * 60 * MINUTE)
  await fail(tracker, 'remove-bg', 2)
  await nextCheck()
  expect(states()).toEqual([])
  for (const { id, webhookUrl } of old)
    await deliver(webhookUrl, { service: 'ai-tasks', status: 'FAILURE', fileId: id })
  await expect.poll(states).toEqual(['firing ai-tasks'])
})

test('a restart repeats no alert, and the alert still resolves after the restart', async () => {
  const { tracker, advance, states, nextCheck } = await startAlerting()
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => storedAlerts(tracker)).toEqual([{ state: 'firing', reported: 1 }])
  const restarted = await tracker.restart()
  await nextCheck()
  expect(states()).toEqual(['firing remove-bg'])
  advance(16 * MINUTE)
  await expect.poll(states).toEqual(['firing remove-bg', 'resolved remove-bg'])
  await expect.poll(() => storedAlerts(restarted)).toEqual([])
})

test('an alert fires when the oldest pending run has waited too long, and resolves once that run has settled', async () => {
  const { tracker, advance, messages, nextCheck } = await startAlerting({ ALERT_PENDING_AGE: '1h' })
  const { webhookUrl } = await register(tracker, ['remove-bg'], 'file-1')
  advance(59 * MINUTE)
  await nextCheck()
  expect(messages()).toEqual([])
  advance(2 * MINUTE)
  await expect.poll(messages).toHaveLength(1)
  expect(messages()[0]).toMatchObject({
    alert: 'oldest_pending',
    state: 'firing',
    extension: null,
    url: `${tracker.url}/admin/failures?status=pending`,
  })
  expect(messages()[0]?.ageSeconds).toBeGreaterThanOrEqual(3_660)
  await deliver(webhookUrl, { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId: 'file-1' } })
  await expect.poll(() => messages().map(({ state }) => state)).toEqual(['firing', 'resolved'])
})

test('a private alert address is not called without ALLOW_PRIVATE_TARGETS; without an alert address, no alert is stored', async () => {
  const restricted = await startAlerting({ ALLOW_PRIVATE_TARGETS: 'false' })
  await fail(restricted.tracker, 'remove-bg', 3)
  await expect.poll(() => storedAlerts(restricted.tracker)).toEqual([{ state: 'firing', reported: 0 }])
  const unconfigured = await startAlerting({ ALERT_WEBHOOK_URL: '', ALERT_FAILURES: '' })
  // More than the ten failures that are the default of ALERT_FAILURES.
  await fail(unconfigured.tracker, 'remove-bg', 20)
  await restricted.nextCheck()
  expect(restricted.receiver.connections() + unconfigured.receiver.connections()).toBe(0)
  expect(await storedAlerts(unconfigured.tracker)).toEqual([])
})
