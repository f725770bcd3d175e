import type { ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver, type Registration } from '../support/webhooks.ts'
import { rowsOf, stoppedClock, WITHOUT_RECONCILER } from './reconcile-setup.ts'

/** Starts a tracker that may notify private addresses; `settle` makes one notification to `callerUrl` due. */
async function startNotifier() {
  const { clock, advance } = stoppedClock()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ALLOW_PRIVATE_TARGETS: 'true' }, { clock })
  let fileCount = 0
  const settle = async (callerUrl: string) => {
    fileCount += 1
    const fileId = `file-${fileCount}`
    const body = JSON.stringify({ extensions: [{ name: 'remove-bg' }], fileId, webhookUrl: callerUrl })
    const response = await tracker.fetch('/submissions', { method: 'POST', body })
    const { webhookUrl } = (await response.json()) as Registration
    await deliver(webhookUrl, { service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } })
  }
  const settleMany = async (count: number, callerUrl: string) => {
    await Promise.all(Array.from({ length: count }, () => settle(callerUrl)))
  }
  return { tracker, advance, settle, settleMany }
}

/** Starts a caller that receives requests, and sends no response until `respond` or `respondFromNowOn` is called. */
async function startStalledCaller() {
  const stalled: ServerResponse[] = []
  let responseStatus: number | undefined
  const receiver = await startReceiver((_request, response) => {
    if (responseStatus === undefined) stalled.push(response)
    else response.writeHead(responseStatus).end()
  })
  return {
    receiver,
    /** Responds to later requests. Earlier ones never get a response. */
    respondFromNowOn: (status: number) => {
      responseStatus = status
    },
    /** Responds to the earlier requests and to all later ones. */
    respond: (status: number) => {
      responseStatus = status
      for (const response of stalled.splice(0)) response.writeHead(status).end()
    },
  }
}

/** `again`: the latest attempt failed, and `attempt` is the number of the next one. */
const countResults = (tracker: RunningTracker) =>
  rowsOf(tracker, 'SELECT result, attempt, count(*) AS size FROM notifications GROUP BY 1, 2 ORDER BY 1, 2')

test('the median notification is sent less than 300 ms after the commit, without waiting for a timer', async () => {
  const { settle } = await startNotifier()
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

test('a caller that does not respond delays no other caller, and gets at most four concurrent attempts', async () => {
  const { tracker, settle, settleMany } = await startNotifier()
  const stalled = await startStalledCaller()
  const receiver = await startReceiver()
  await settleMany(40, stalled.receiver.url)
  await expect.poll(() => stalled.receiver.requests.length).toBe(4)
  for (let count = 1; count <= 10; count += 1) await settle(receiver.url)
  await expect.poll(() => receiver.requests.length, { timeout: 5_000 }).toBe(10)
  expect(stalled.receiver.requests).toHaveLength(4)

  stalled.respond(200)
  // If attempts started only when the timer fires, which is once a second, and not also when one ends, the other 36 would start four at
  // a time, and this would take nine seconds.
  await expect
    .poll(() => countResults(tracker), { timeout: 5_000 })
    .toEqual([{ result: 'delivered', attempt: 1, size: 50 }])
  expect(stalled.receiver.requests).toHaveLength(40)
})

test('at most 32 attempts are in progress in total, and the next one starts when one ends', async () => {
  const { tracker, settleMany } = await startNotifier()
  const callers = await Promise.all(Array.from({ length: 10 }, startStalledCaller))
  for (const { receiver } of callers) await settleMany(4, receiver.url)
  const sent = () => callers.reduce((sum, { receiver }) => sum + receiver.requests.length, 0)
  await expect.poll(sent).toBe(32)
  const [first] = callers.filter(({ receiver }) => receiver.requests.length === 4)
  first?.respond(200)
  await expect.poll(sent).toBe(36)
  for (const { respond } of callers) respond(200)
  await expect.poll(() => countResults(tracker)).toEqual([{ result: 'delivered', attempt: 1, size: 40 }])
})

test('after a first failure, other notifications to the same address wait for the retry, and waiting does not count as an attempt', async () => {
  const { tracker, advance, settle, settleMany } = await startNotifier()
  let status = 500
  const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
  await settle(receiver.url)
  await expect.poll(() => countResults(tracker)).toMatchObject([{ result: 'again', attempt: 2 }])
  // Without its query, this is the same address.
  await settleMany(20, `${receiver.url}?another=query`)
  await settle(receiver.url.replace('/hook', '/other-hook'))
  await expect.poll(() => receiver.requests.length).toBe(2)
  expect(receiver.requests.map(({ path }) => path)).toEqual(['/hook', '/other-hook'])

  status = 200
  // The first retry is due after 4 to 6 s.
  advance(7_000)
  await expect.poll(() => receiver.requests.length).toBe(24)
  await expect
    .poll(() => countResults(tracker))
    .toEqual([
      { result: 'delivered', attempt: 1, size: 20 },
      { result: 'delivered', attempt: 2, size: 2 },
    ])
})

test('if nothing responds at a host, no other notification is sent to it until the first retry', async () => {
  const { tracker, advance, settle } = await startNotifier()
  let isSilent = true
  const receiver = await startReceiver((request, response) => {
    if (isSilent) request.socket.destroy()
    else response.end()
  })
  await settle(receiver.url)
  await expect.poll(() => countResults(tracker)).toMatchObject([{ result: 'again', attempt: 2 }])
  for (const path of ['/1', '/2', '/3']) await settle(receiver.url.replace('/hook', path))
  // The same host name with another port counts as another host.
  const elsewhere = await startReceiver()
  await settle(elsewhere.url)
  await expect.poll(() => elsewhere.requests.length).toBe(1)
  expect(receiver.requests).toHaveLength(1)

  isSilent = false
  advance(7_000)
  await expect
    .poll(() => countResults(tracker))
    .toEqual([
      { result: 'delivered', attempt: 1, size: 4 },
      { result: 'delivered', attempt: 2, size: 1 },
    ])
})

test('a restart does not wait for the attempts in progress, and they do not count', async () => {
  const { tracker, settleMany } = await startNotifier()
  const stalled = await startStalledCaller()
  await settleMany(9, stalled.receiver.url)
  await expect.poll(() => stalled.receiver.requests.length).toBe(4)
  const stoppedAt = performance.now()
  stalled.respondFromNowOn(200)
  const restarted = await tracker.restart()
  expect(performance.now() - stoppedAt).toBeLessThan(5_000)
  await expect.poll(() => countResults(restarted)).toEqual([{ result: 'delivered', attempt: 1, size: 9 }])
  expect(stalled.receiver.requests).toHaveLength(13)
})
