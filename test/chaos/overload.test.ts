import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import { runServe } from '../support/program.ts'
import { rawBytes } from '../support/raw-request.ts'
import { readRows } from '../support/signed-webhooks.ts'
import { startTracker, temporaryDirectory } from '../support/tracker.ts'
import { register as registerHere } from '../support/webhooks.ts'
import { tell, timesOf } from './chaos.ts'
import { register, type Told, tellSuccess } from './disk/service-calls.ts'
import { watchMemory } from './resident-memory.ts'

const FLOOD = timesOf('FLOOD', { short: 300, long: 5000 })
const AT_ONCE = 100
const FILLER = 'x'.repeat(500_000)

/** Tells each of them once, many at a time; returns the answers in their order. */
async function flood(told: readonly Told[], filler: string) {
  const answers: Awaited<ReturnType<typeof tellSuccess>>[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < told.length; at = next++) {
      const one = told[at]
      if (one !== undefined) answers[at] = await tellSuccess(one, filler)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return answers
}

test(`${FLOOD} webhooks while the database is held by another: all are told to come again, and memory stays flat`, {
  timeout: 60_000 + FLOOD * 100,
}, async () => {
  const path = join(temporaryDirectory(), 'tracker.db')
  const service = await runServe({ IMAGEKIT_PRIVATE_KEY: 'any', DATABASE_URL: `file:${path}` })
  const { url } = service
  const told: Told[] = []
  for (let at = 0; at < AT_ONCE; at += 1) told.push(await register(url, `file-${at}`))
  const wave = (count: number) => Array.from({ length: count }, (_, at) => told[at % AT_ONCE] ?? told[0])
  const holder = new Database(path)
  onTestFinished(() => {
    holder.close()
  })
  holder.exec('BEGIN IMMEDIATE')
  // The first wave brings the process to the size that it needs for so many at once.
  const sent = wave(FLOOD).filter((one) => one !== undefined)
  const answers = await flood(sent.slice(0, 2 * AT_ONCE), FILLER)
  const memory = watchMemory(service.process.pid)
  answers.push(...(await flood(sent, FILLER)))
  const highest = memory.highestMib()
  expect(new Set(answers.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(
    new Set(['503 5']),
  )
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  holder.exec('ROLLBACK')

  const settled = await flood(told, FILLER)
  expect(settled.filter(({ body }) => body['outcome'] !== 'applied')).toEqual([])
  tell(
    `held database: ${answers.length} webhooks refused, ${settled.length} applied afterwards, ${memory.firstMib.toFixed()} MiB before the flood and ${highest.toFixed()} MiB at its height`,
  )
  // The bodies of the flood together are half as much again.
  expect(highest - memory.firstMib).toBeLessThan(100)
})

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
  const directory = temporaryDirectory()
  const store = openSqliteStore({ path: join(directory, 'tracker.db'), maxQueued: 10 })
  const tracker = await startTracker({}, { store }, directory)
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
  const outcomes = readRows(directory, 'SELECT outcome, count(*) AS count FROM deliveries GROUP BY outcome')
  expect(outcomes).toEqual([{ outcome: 'applied', count: AT_ONCE }])
  tell(`a queue of 10: ${AT_ONCE} webhooks, ${overloaded} times told to come again, each applied once`)
  expect(overloaded).toBeGreaterThan(AT_ONCE)
})
