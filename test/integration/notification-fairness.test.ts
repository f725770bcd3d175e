import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver } from '../support/webhooks.ts'
import { BY_HAND, movingClock, rowsOf, startLibrary, uploadWith } from './reconcile-setup.ts'

/** A tracker whose callers have addresses of their own, and are owed a word as soon as `settle` is called for them. */
async function startOwing() {
  const { clock, advance } = movingClock()
  const library = await startLibrary()
  const env = { ...BY_HAND, ...library.env, ALLOW_PRIVATE_TARGETS: 'true' }
  const tracker = await startTracker(env, { clock })
  const settle = async (webhookUrl: string) => {
    const { fileId } = await uploadWith(tracker, ['remove-bg'], { webhookUrl })
    const word = { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } }
    await deliver(library.webhookUrls.at(-1) ?? '', word)
  }
  const settleMany = async (count: number, webhookUrl: string) => {
    for (let index = 0; index < count; index += 1) await settle(webhookUrl)
  }
  return { tracker, advance, settle, settleMany }
}

/** A caller that takes what it is sent and says nothing, until it is let. */
async function startSilent() {
  const silent: ServerResponse[] = []
  let spoken: number | undefined
  const receiver = await startReceiver((_request, response) => {
    if (spoken === undefined) silent.push(response)
    else response.writeHead(spoken).end()
  })
  return {
    receiver,
    /** Those that wait already are never answered. */
    speakFromNowOn: (status: number) => {
      spoken = status
    },
    speak: (status: number) => {
      spoken = status
      for (const response of silent.splice(0)) response.writeHead(status).end()
    },
  }
}

const results = (tracker: RunningTracker) =>
  rowsOf(tracker, 'SELECT result, attempt, count(*) AS size FROM notifications GROUP BY 1, 2 ORDER BY 1, 2')

test('a caller is told right after the commit, without waiting for a look at the clock', async () => {
  const { settle } = await startOwing()
  const receiver = await startReceiver()
  const times: number[] = []
  for (let count = 1; count <= 7; count += 1) {
    await settle(receiver.url)
    const settledAt = performance.now()
    await expect.poll(() => receiver.requests.length, { interval: 5 }).toBe(count)
    times.push(performance.now() - settledAt)
  }
  expect(times.toSorted((one, other) => one - other)[3]).toBeLessThan(300)
})

test('callers that say nothing hold nobody else up, and have four attempts at once', async () => {
  const { tracker, settle, settleMany } = await startOwing()
  const silent = await startSilent()
  const receiver = await startReceiver()
  await settleMany(40, silent.receiver.url)
  await expect.poll(() => silent.receiver.requests.length).toBe(4)
  for (let count = 1; count <= 10; count += 1) await settle(receiver.url)
  await expect.poll(() => receiver.requests.length, { timeout: 5_000 }).toBe(10)
  expect(silent.receiver.requests).toHaveLength(4)

  silent.speak(200)
  // Four a second, if an end were not followed by the next one at once, would take nine.
  await expect
    .poll(() => results(tracker), { timeout: 5_000 })
    .toEqual([{ result: 'delivered', attempt: 1, size: 50 }])
  expect(silent.receiver.requests).toHaveLength(40)
})

test('at most 32 are told at once, whoever they are, and each that ends makes room for the next', async () => {
  const { tracker, settleMany } = await startOwing()
  const callers = await Promise.all(Array.from({ length: 10 }, startSilent))
  for (const { receiver } of callers) await settleMany(4, receiver.url)
  const sent = () => callers.reduce((sum, { receiver }) => sum + receiver.requests.length, 0)
  await expect.poll(sent).toBe(32)
  const [first] = callers.filter(({ receiver }) => receiver.requests.length === 4)
  first?.speak(200)
  await expect.poll(sent).toBe(36)
  for (const { speak } of callers) speak(200)
  await expect.poll(() => results(tracker)).toEqual([{ result: 'delivered', attempt: 1, size: 40 }])
})

test('after a failure the others to the same address wait for its next attempt, and none of theirs is counted', async () => {
  const { tracker, advance, settle, settleMany } = await startOwing()
  let status = 500
  const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
  await settle(receiver.url)
  await expect.poll(() => results(tracker)).toMatchObject([{ result: 'again', attempt: 2 }])
  await settleMany(20, `${receiver.url}?another=query`)
  await settle(receiver.url.replace('/hook', '/other-hook'))
  await expect.poll(() => receiver.requests.length).toBe(2)
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/hook', '/other-hook'])

  status = 200
  advance(7_000)
  await expect.poll(() => receiver.requests.length).toBe(24)
  await expect
    .poll(() => results(tracker))
    .toEqual([
      { result: 'delivered', attempt: 1, size: 20 },
      { result: 'delivered', attempt: 2, size: 2 },
    ])
})

test('where nothing answers at all, the whole host is left alone until its next attempt', async () => {
  const { tracker, advance, settle } = await startOwing()
  let isDead = true
  const receiver = await startReceiver((request, response) => {
    if (isDead) request.socket.destroy()
    else response.end()
  })
  await settle(receiver.url)
  await expect.poll(() => results(tracker)).toMatchObject([{ result: 'again', attempt: 2 }])
  for (const path of ['/1', '/2', '/3']) await settle(receiver.url.replace('/hook', path))
  const elsewhere = await startReceiver()
  await settle(elsewhere.url)
  await expect.poll(() => elsewhere.requests.length).toBe(1)
  expect(receiver.requests).toHaveLength(1)

  isDead = false
  advance(7_000)
  await expect
    .poll(() => results(tracker))
    .toEqual([
      { result: 'delivered', attempt: 1, size: 4 },
      { result: 'delivered', attempt: 2, size: 1 },
    ])
})

test('a stop while attempts are under way ends soon, and counts none of them', async () => {
  const { tracker, settleMany } = await startOwing()
  const silent = await startSilent()
  await settleMany(9, silent.receiver.url)
  await expect.poll(() => silent.receiver.requests.length).toBe(4)
  const stoppedAt = performance.now()
  silent.speakFromNowOn(200)
  const restarted = await tracker.restart()
  expect(performance.now() - stoppedAt).toBeLessThan(5_000)
  await expect.poll(() => results(restarted)).toEqual([{ result: 'delivered', attempt: 1, size: 9 }])
  expect(silent.receiver.requests).toHaveLength(13)
})
