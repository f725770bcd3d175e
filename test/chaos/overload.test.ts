import { expect, test } from 'vitest'
import { createTestDatabase, openStoreOf, readRows } from '../support/database.ts'
import { rawBytes } from '../support/raw-request.ts'
import { startTracker } from '../support/tracker.ts'
import { register } from '../support/webhooks.ts'
import { reportFigures } from './chaos.ts'
import type { Registered } from './disk/service-calls.ts'

const AT_ONCE = 100

/**
 * The text of the webhooks of all `registered` files. When it is sent in one write, the service reads them in one event-loop tick,
 * and tries to commit them together.
 */
function pipelinedRequests(registered: readonly Registered[]): string {
  const requests = registered.map(({ fileId, webhookUrl }, at) => {
    const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } })
    const head = `POST ${new URL(webhookUrl).pathname} HTTP/1.1\r\nHost: tracker\r\nContent-Length: ${body.length}\r\n`
    return `${head}${at === registered.length - 1 ? 'Connection: close\r\n' : ''}\r\n${body}`
  })
  return requests.join('')
}

test('webhooks that a full queue rejects get 503, and each is applied once when it is sent again', async () => {
  const database = await createTestDatabase()
  const store = await openStoreOf(database, { maxQueued: 10 })
  const tracker = await startTracker({}, { store }, database)
  let waiting: Registered[] = []
  for (let at = 0; at < AT_ONCE; at += 1) {
    const { webhookUrl } = await register(tracker, ['remove-bg'], `file-${at}`)
    waiting.push({ fileId: `file-${at}`, webhookUrl })
  }
  let overloaded = 0
  while (waiting.length > 0) {
    const responses = (await rawBytes(tracker.url, pipelinedRequests(waiting))).split(/(?=HTTP\/1\.1 )/)
    expect(responses).toHaveLength(waiting.length)
    waiting = waiting.filter((_, at) => !responses[at]?.startsWith('HTTP/1.1 200 '))
    const rejected = responses.filter((response) => !response.startsWith('HTTP/1.1 200 '))
    for (const response of rejected)
      expect(response).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1\r\n[^]*"overloaded"/i)
    overloaded += rejected.length
  }
  await tracker.service.stop()
  const outcomes = await readRows(
    database,
    'SELECT outcome, count(*) AS count FROM deliveries GROUP BY outcome',
  )
  expect(outcomes).toEqual([{ outcome: 'applied', count: AT_ONCE }])
  reportFigures(
    `a queue of 10: ${AT_ONCE} webhooks, ${overloaded} responses with 503, each webhook applied once`,
  )
  // A round applies only about as many webhooks as the queue takes, so most webhooks are rejected more than once.
  expect(overloaded).toBeGreaterThan(AT_ONCE)
})
