import { expect, test } from 'vitest'
import { createTestDatabase, openStoreOf, readRows } from '../support/database.ts'
import { rawBytes } from '../support/raw-request.ts'
import { startTracker } from '../support/tracker.ts'
import { register as registerHere } from '../support/webhooks.ts'
import { tell } from './chaos.ts'
import type { Told } from './disk/service-calls.ts'

const AT_ONCE = 100

/** As many requests as there are, all in one write: they are read in one turn, and want to be committed together. */
function pipeline(told: readonly Told[]): string {
  const requests = told.map(({ fileId, webhookUrl }, at) => {
    const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileObject: { fileId } })
    const head = `POST ${new URL(webhookUrl).pathname} HTTP/1.1\r\nHost: tracker\r\nContent-Length: ${body.length}\r\n`
    return `${head}${at === told.length - 1 ? 'Connection: close\r\n' : ''}\r\n${body}`
  })
  return requests.join('')
}

test('webhooks beyond the queue are told to come again, and each is applied once when it does', async () => {
  const database = await createTestDatabase()
  const store = await openStoreOf(database, { maxQueued: 10 })
  const tracker = await startTracker({}, { store }, database)
  let waiting: Told[] = []
  for (let at = 0; at < AT_ONCE; at += 1) {
    const { webhookUrl } = await registerHere(tracker, ['remove-bg'], `file-${at}`)
    waiting.push({ fileId: `file-${at}`, webhookUrl })
  }
  let overloaded = 0
  while (waiting.length > 0) {
    const answers = (await rawBytes(tracker.url, pipeline(waiting))).split(/(?=HTTP\/1\.1 )/)
    expect(answers).toHaveLength(waiting.length)
    waiting = waiting.filter((_, at) => !answers[at]?.startsWith('HTTP/1.1 200 '))
    const refused = answers.filter((answer) => !answer.startsWith('HTTP/1.1 200 '))
    for (const answer of refused)
      expect(answer).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1\r\n[^]*"overloaded"/i)
    overloaded += refused.length
  }
  await tracker.service.stop()
  const outcomes = await readRows(
    database,
    'SELECT outcome, count(*) AS count FROM deliveries GROUP BY outcome',
  )
  expect(outcomes).toEqual([{ outcome: 'applied', count: AT_ONCE }])
  tell(`a queue of 10: ${AT_ONCE} webhooks, ${overloaded} times told to come again, each applied once`)
  expect(overloaded).toBeGreaterThan(AT_ONCE)
})
