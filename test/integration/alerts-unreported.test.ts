import { expect, test } from 'vitest'
import { fail, MINUTE, startAlerting, storedAlerts } from './alerting.ts'

test('while the alert address fails, the service stays ready; once it responds, it gets the alerts that it missed', async () => {
  const { tracker, receiver, endpoint, advance, states, nextCheck } = await startAlerting()
  endpoint.disconnects = true
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  expect((await tracker.fetch('/readyz')).status).toBe(200)
  await fail(tracker, 'ai-tasks', 3)
  await nextCheck()
  expect(receiver.requests).toHaveLength(1)
  expect(await storedAlerts(tracker)).toEqual([
    { state: 'firing', reported: 0 },
    { state: 'firing', reported: 0 },
  ])

  endpoint.disconnects = false
  endpoint.status = 500
  // The first retry is due after 5 s, and the second after another 10 s.
  advance(6_000)
  await expect.poll(() => receiver.requests.length).toBe(2)
  await nextCheck()
  endpoint.status = 200
  advance(11_000)
  await expect.poll(() => new Set(states())).toEqual(new Set(['firing remove-bg', 'firing ai-tasks']))
  await expect
    .poll(() => storedAlerts(tracker))
    .toEqual([
      { state: 'firing', reported: 1 },
      { state: 'firing', reported: 1 },
    ])
  expect(receiver.requests).toHaveLength(4)
  const [first, second, ...later] = receiver.requests.map(({ headers }) => headers['webhook-id'])
  expect(second).toBe(first)
  expect(later).toContain(first)
})

test('a failed alert is retried even if the clock was set back by a day', async () => {
  const { tracker, receiver, endpoint, advance, nextCheck } = await startAlerting()
  endpoint.status = 503
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  await nextCheck()
  endpoint.status = 200
  advance(-24 * 60 * MINUTE)
  await expect.poll(() => storedAlerts(tracker)).toEqual([{ state: 'firing', reported: 1 }])
})

test('an alert that resolves before its message could be delivered is reported as resolved', async () => {
  const { tracker, receiver, endpoint, advance, states, nextCheck } = await startAlerting()
  endpoint.status = 503
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  await nextCheck()
  endpoint.status = 200
  advance(16 * MINUTE)
  await expect.poll(() => storedAlerts(tracker)).toEqual([])
  // The first message got 503, and is not repeated.
  expect(states()).toEqual(['firing remove-bg', 'resolved remove-bg'])
})

test('an alert that got no response before a stop is sent again after the restart', async () => {
  const { tracker, receiver, endpoint } = await startAlerting()
  endpoint.disconnects = true
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  endpoint.disconnects = false
  const restarted = await tracker.restart()
  await expect.poll(() => storedAlerts(restarted)).toEqual([{ state: 'firing', reported: 1 }])
  expect(receiver.requests).toHaveLength(2)
})
