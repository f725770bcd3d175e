import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { numberFor, reportFigures } from './chaos.ts'
import { type Registered, register, sendSuccess } from './disk/service-calls.ts'
import { watchMemory } from './resident-memory.ts'

const FLOOD = numberFor('FLOOD', { short: 300, long: 5000 })
const AT_ONCE = 100
const FILLER = 'x'.repeat(500_000)
const FLOOD_MIB = (FLOOD * FILLER.length) / 1024 ** 2

/** Sends one webhook for each item, `AT_ONCE` at a time. Resolves with the responses in the same order. */
async function flood(registered: readonly Registered[], filler: string) {
  const responses: Awaited<ReturnType<typeof sendSuccess>>[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < registered.length; at = next++) {
      const one = registered[at]
      if (one !== undefined) responses[at] = await sendSuccess(one, filler)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return responses
}

test(`while another program locks the database, ${FLOOD} webhooks get 503; afterwards, each webhook is applied when it is sent again`, {
  timeout: 60_000 + FLOOD * 100,
}, async () => {
  const path = join(temporaryDirectory(), 'tracker.db')
  const service = await runServe({ IMAGEKIT_PRIVATE_KEY: 'any', DATABASE_URL: `file:${path}` })
  const { url } = service
  const registered: Registered[] = []
  for (let at = 0; at < AT_ONCE; at += 1) registered.push(await register(url, `file-${at}`))
  const lockHolder = new Database(path)
  onTestFinished(() => {
    lockHolder.close()
  })
  lockHolder.exec('BEGIN IMMEDIATE')
  const webhooks = Array.from({ length: FLOOD }, (_, at) => registered[at % AT_ONCE]).filter(
    (one) => one !== undefined,
  )
  // These webhooks, before the flood, grow the process to the size that it needs for so many concurrent requests.
  const responses = await flood(webhooks.slice(0, 2 * AT_ONCE), FILLER)
  const memory = watchMemory(service.process.pid)
  responses.push(...(await flood(webhooks, FILLER)))
  const highest = memory.highestMib()
  // Each response has the status 503 and `Retry-After: 5`.
  expect(new Set(responses.map(({ status, retryAfter }) => `${status} ${retryAfter}`))).toEqual(
    new Set(['503 5']),
  )
  // The process is alive, although it cannot write.
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  lockHolder.exec('ROLLBACK')

  const settled = await flood(registered, FILLER)
  expect(settled.filter(({ body }) => body['outcome'] !== 'applied')).toEqual([])
  reportFigures(
    `locked database: ${responses.length} webhooks got 503, ${settled.length} applied afterwards, ${memory.firstMib.toFixed()} MiB before the flood and ${highest.toFixed()} MiB at its peak`,
  )
  // V8 frees bodies late, so memory grows by up to 100 MiB in any flood; only a long one shows whether bodies are kept.
  if (FLOOD_MIB > 2000) expect(highest - memory.firstMib).toBeLessThan(FLOOD_MIB / 5)
})
