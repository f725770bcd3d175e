import { expect, test } from 'vitest'
import { fail, kept, MINUTE, startAlerting } from './alerting.ts'

test('a dead address slows nothing down, is tried again, and told of what it missed', async () => {
  const { tracker, receiver, answer, advance, states, looks } = await startAlerting()
  answer.isSilent = true
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  expect((await tracker.fetch('/readyz')).status).toBe(200)
  await fail(tracker, 'ai-tasks', 3)
  await looks()
  expect(receiver.requests).toHaveLength(1)
  expect(await kept(tracker)).toEqual([
    { state: 'firing', told: 0 },
    { state: 'firing', told: 0 },
  ])

  answer.isSilent = false
  answer.status = 500
  advance(6_000)
  await expect.poll(() => receiver.requests.length).toBe(2)
  await looks()
  answer.status = 200
  advance(11_000)
  await expect.poll(() => new Set(states())).toEqual(new Set(['firing remove-bg', 'firing ai-tasks']))
  await expect
    .poll(() => kept(tracker))
    .toEqual([
      { state: 'firing', told: 1 },
      { state: 'firing', told: 1 },
    ])
  expect(receiver.requests).toHaveLength(4)
  const [first, second, ...later] = receiver.requests.map(({ headers }) => headers['webhook-id'])
  expect(second).toBe(first)
  expect(later).toContain(first)
})

test('what could not be told is tried again though the clock has been set back a day', async () => {
  const { tracker, receiver, answer, advance, looks } = await startAlerting()
  answer.status = 503
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  await looks()
  answer.status = 200
  advance(-24 * 60 * MINUTE)
  await expect.poll(() => kept(tracker)).toEqual([{ state: 'firing', told: 1 }])
})

test('what is over before its address could be told is told as over', async () => {
  const { tracker, receiver, answer, advance, states, looks } = await startAlerting()
  answer.status = 503
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  await looks()
  answer.status = 200
  advance(16 * MINUTE)
  await expect.poll(() => kept(tracker)).toEqual([])
  expect(states()).toEqual(['firing remove-bg', 'resolved remove-bg'])
})

test('a stop while the address says nothing ends soon, and the message is sent after the restart', async () => {
  const { tracker, receiver, answer } = await startAlerting()
  answer.isSilent = true
  await fail(tracker, 'remove-bg', 3)
  await expect.poll(() => receiver.requests.length).toBe(1)
  answer.isSilent = false
  const restarted = await tracker.restart()
  await expect.poll(() => kept(restarted)).toEqual([{ state: 'firing', told: 1 }])
  expect(receiver.requests).toHaveLength(2)
})
