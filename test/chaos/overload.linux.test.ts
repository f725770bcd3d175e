import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { runServe } from '../support/program.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { tell, timesOf } from './chaos.ts'
import { register, type Told, tellSuccess } from './disk/service-calls.ts'
import { watchMemory } from './resident-memory.ts'

const FLOOD = timesOf('FLOOD', { short: 300, long: 5000 })
const AT_ONCE = 100
const FILLER = 'x'.repeat(500_000)
const FLOOD_MIB = (FLOOD * FILLER.length) / 1024 ** 2

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

test(`${FLOOD} webhooks while the database is held by another: each is answered 503, and applied when it comes again`, {
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
  // V8 collects bodies late, so memory grows by up to 100 MiB at any length; only a long flood tells that from keeping them.
  if (FLOOD_MIB > 2000) expect(highest - memory.firstMib).toBeLessThan(FLOOD_MIB / 5)
})
