import { expect, test } from 'vitest'
import { deliver, register } from '../support/webhooks.ts'
import { fail, kept, MINUTE, startAlerting } from './alerting.ts'

test('an extension that fails too often is told of once, and once when that is over', async () => {
  const { tracker, advance, messages, states, looks } = await startAlerting()
  await fail(tracker, 'ai-tasks', 2)
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(states).toEqual(['firing remove-bg'])
  const [firing] = messages()
  expect(firing).toMatchObject({ alert: 'failures', count: 3, resolvedAt: null })
  expect(firing?.text).toContain('remove-bg has failed 3 times in the last 15 min')
  expect(firing?.url).toBe(`${tracker.url}/admin/failures?extension=remove-bg`)

  await fail(tracker, 'remove-bg', 3)
  await looks()
  expect(states()).toEqual(['firing remove-bg'])

  advance(15 * MINUTE)
  await expect.poll(states).toEqual(['firing remove-bg', 'resolved remove-bg'])
  expect(messages()[1]).toMatchObject({ count: 0, since: firing?.since, resolvedAt: expect.any(String) })
  await expect.poll(() => kept(tracker)).toEqual([])
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
  await expect.poll(states).toEqual(['firing ai-tasks'])
})

test('a restart tells nothing again, and the end is told after it', async () => {
  const { tracker, advance, states, looks } = await startAlerting()
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => kept(tracker)).toEqual([{ state: 'firing', told: 1 }])
  const restarted = await tracker.restart()
  await looks()
  expect(states()).toEqual(['firing remove-bg'])
  advance(15 * MINUTE)
  await expect.poll(states).toEqual(['firing remove-bg', 'resolved remove-bg'])
  await expect.poll(() => kept(restarted)).toEqual([])
})

test('the oldest pending run is told of when it has waited too long, and when nothing has any more', async () => {
  const { tracker, advance, messages, looks } = await startAlerting({ ALERT_PENDING_AGE: '1h' })
  const { webhookUrl } = await register(tracker, ['remove-bg'], 'file-1')
  advance(59 * MINUTE)
  await looks()
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

test('a private address is not connected to unless that is allowed, and nothing is told without an address', async () => {
  const guarded = await startAlerting({ ALLOW_PRIVATE_TARGETS: 'false' })
  await fail(guarded.tracker, 'remove-bg', 3)
  await expect.poll(() => kept(guarded.tracker)).toEqual([{ state: 'firing', told: 0 }])
  const without = await startAlerting({ ALERT_WEBHOOK_URL: '', ALERT_FAILURES: '' })
  await fail(without.tracker, 'remove-bg', 20)
  await guarded.looks()
  expect(guarded.receiver.connections() + without.receiver.connections()).toBe(0)
  expect(await kept(without.tracker)).toEqual([])
})
