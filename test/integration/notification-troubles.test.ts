import { expect, test } from 'vitest'
import { startReceiver } from '../support/receiver.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { deliver } from '../support/webhooks.ts'
import { rowsOf, startLibrary, stoppedClock, uploadWith, WITHOUT_RECONCILER } from './reconcile-setup.ts'

const ALLOW_PRIVATE = { ALLOW_PRIVATE_TARGETS: 'true' }

/** Starts a tracker in which one notification to this address is due. */
async function startWithNotification(webhookUrl: string, env: { [name: string]: string }) {
  const { clock, advance } = stoppedClock()
  const library = await startLibrary()
  const tracker = await startTracker({ ...WITHOUT_RECONCILER, ...library.env, ...env }, { clock })
  const { fileId } = await uploadWith(tracker, ['remove-bg'], { webhookUrl })
  await deliver(library.webhookUrls[0] ?? '', {
    service: 'remove-bg',
    status: 'SUCCESS',
    fileObject: { fileId },
  })
  return { tracker, advance }
}

/**
 * Polls the results of all notifications until the assertion on the returned object passes. `again`: the latest attempt failed, and
 * `attempt` is the number of the next one.
 */
const pollResults = (tracker: RunningTracker) =>
  expect.poll(() => rowsOf(tracker, 'SELECT result, reason, attempt FROM notifications'))

test('after a 500 the notification is sent again with the same id and a new timestamp', async () => {
  let status = 500
  const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
  const { tracker, advance } = await startWithNotification(receiver.url, ALLOW_PRIVATE)
  await pollResults(tracker).toEqual([{ result: 'again', reason: 'status_500', attempt: 2 }])

  status = 204
  // The first retry is due after 4 to 6 s.
  advance(7_000)
  await pollResults(tracker).toMatchObject([{ result: 'delivered' }])
  const [first, second, ...more] = receiver.requests
  expect(more).toEqual([])
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  const seconds = Number(second?.headers['webhook-timestamp']) - Number(first?.headers['webhook-timestamp'])
  expect(seconds).toBeGreaterThanOrEqual(7)
})

test('a Retry-After delays the next attempt', async () => {
  const receiver = await startReceiver((_request, response) => {
    response.writeHead(503, { 'retry-after': '3600' }).end()
  })
  const { tracker } = await startWithNotification(receiver.url, ALLOW_PRIVATE)
  await pollResults(tracker).toMatchObject([{ result: 'again' }])
  const [row] = await rowsOf<{ delayMs: number }>(
    tracker,
    'SELECT due_at - created_at AS "delayMs" FROM notifications',
  )
  expect(row?.delayMs).toBeGreaterThanOrEqual(3_600_000)
})

test('a 410 ends the attempts', async () => {
  const receiver = await startReceiver((_request, response) => response.writeHead(410).end())
  const { tracker } = await startWithNotification(receiver.url, ALLOW_PRIVATE)
  await pollResults(tracker).toMatchObject([{ result: 'gone', reason: 'status_410' }])
  expect(await rowsOf(tracker, 'SELECT due_at, body FROM notifications')).toEqual([
    { due_at: null, body: null },
  ])
})

test('a notification is given up after a day without success', async () => {
  const receiver = await startReceiver((_request, response) => response.writeHead(500).end())
  const { tracker, advance } = await startWithNotification(receiver.url, ALLOW_PRIVATE)
  await pollResults(tracker).toMatchObject([{ result: 'again' }])
  advance(25 * 3_600_000)
  await pollResults(tracker).toMatchObject([{ result: 'given_up', reason: 'status_500' }])
  expect(receiver.requests).toHaveLength(2)
})

test('a notification that failed before a restart is sent again after the restart', async () => {
  let status = 500
  const receiver = await startReceiver((_request, response) => response.writeHead(status).end())
  const { tracker, advance } = await startWithNotification(receiver.url, ALLOW_PRIVATE)
  await pollResults(tracker).toMatchObject([{ result: 'again' }])
  status = 200
  const restarted = await tracker.restart()
  expect(receiver.requests).toHaveLength(1)
  advance(7_000)
  await pollResults(restarted).toMatchObject([{ result: 'delivered' }])
  expect(receiver.requests[1]?.headers['webhook-id']).toBe(receiver.requests[0]?.headers['webhook-id'])
})

test('an attempt in progress when the tracker stops is repeated after the restart, as the first attempt', async () => {
  let isSilent = true
  const receiver = await startReceiver((_request, response) => {
    if (!isSilent) response.end()
  })
  const { tracker } = await startWithNotification(receiver.url, ALLOW_PRIVATE)
  await expect.poll(() => receiver.requests.length).toBe(1)
  isSilent = false
  const restarted = await tracker.restart()
  await pollResults(restarted).toEqual([{ result: 'delivered', reason: null, attempt: 1 }])
  expect(receiver.requests).toHaveLength(2)
})

const PRIVATE_HOSTS = [
  '127.0.0.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '0x7f000001',
  '2130706433',
  '169.254.169.254',
  'localhost',
  '0.0.0.0',
]

test('private targets in any spelling are not called once they are no longer allowed', async () => {
  const receiver = await startReceiver()
  const library = await startLibrary()
  const env = { ...WITHOUT_RECONCILER, ...library.env }
  const before = await startTracker({ ...env, ...ALLOW_PRIVATE })
  const fileIds: string[] = []
  for (const host of PRIVATE_HOSTS) {
    const webhookUrl = `http://${host}:${receiver.port}/hook`
    fileIds.push((await uploadWith(before, ['remove-bg'], { webhookUrl })).fileId)
  }
  await before.service.stop()
  const tracker = await startTracker(env, {}, before.database)
  for (const [index, url] of library.webhookUrls.entries())
    await deliver(new URL(new URL(url).pathname, tracker.url).href, {
      service: 'remove-bg',
      status: 'SUCCESS',
      fileObject: { fileId: fileIds[index] },
    })
  const rejected = { result: 'rejected', reason: 'address_not_allowed', attempt: 1 }
  await pollResults(tracker).toEqual(PRIVATE_HOSTS.map(() => rejected))
  expect(receiver.connections()).toBe(0)
})

test('a redirect is not followed', async () => {
  const elsewhere = await startReceiver()
  const receiver = await startReceiver((_request, response) => {
    response.writeHead(307, { location: elsewhere.url }).end()
  })
  const { tracker } = await startWithNotification(receiver.url, ALLOW_PRIVATE)
  await pollResults(tracker).toMatchObject([{ result: 'again', reason: 'status_307' }])
  expect(receiver.requests).toHaveLength(1)
  expect(elsewhere.connections()).toBe(0)
})
