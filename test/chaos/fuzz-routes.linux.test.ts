import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { createService } from '../../src/service.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { SEED, tell, timesOf } from './chaos.ts'
import { createDice } from './hostile/dice.ts'
import { exchange } from './hostile/exchange.ts'
import { startHealthProbe } from './hostile/health-probe.ts'
import { hostileRequest } from './hostile/hostile-requests.ts'
import { startInsaneImagekit } from './hostile/insane-imagekit.ts'
import { faultOf } from './hostile/judge-answer.ts'
import { createTally } from './hostile/tally.ts'
import { startTarget } from './hostile/target.ts'

const REQUESTS = timesOf('FUZZ_REQUESTS', { short: 4000, long: 80_000 })
const AT_ONCE = 32
/** So long the process may keep everybody waiting: much on a busy machine, little against a body that is worked on for minutes. */
const LONGEST_WAIT_MS = 8000

/** Every route that the service has, as `METHOD /path/:param`. */
async function listRoutes(): Promise<string[]> {
  const path = join(temporaryDirectory(), 'tracker.db')
  const config = parseConfig({ DATABASE_URL: `file:${path}`, IMAGEKIT_PRIVATE_KEY: 'any' }, () => '')
  const service = createService(config, { logger: pino({ level: 'silent' }) })
  const routes = service.app.routes.filter(({ method }) => method !== 'ALL')
  await service.stop()
  const named = [...new Set(routes.map((route) => `${route.method} ${route.path}`))]
  // There are as many pages as other routes, and less behind each of them.
  return named.flatMap((name) => (name.includes(' /admin') ? [name] : [name, name, name]))
}

test(`${REQUESTS} hostile requests to all routes do no harm, seed ${SEED}`, {
  timeout: 60_000 + REQUESTS * 30,
}, async () => {
  const dice = createDice(SEED)
  const imagekit = await startInsaneImagekit(createDice(SEED + 1))
  // Each run is due soon, but once a minute: a pass holds what is due, and thirty-two may be asked for at once.
  const target = await startTarget(imagekit, { RECONCILE_AFTER: '1s', RECONCILE_EVERY: '1m' })
  const routes = await listRoutes()
  const known = await Promise.all(Array.from({ length: 50 }, (_, index) => target.register(`file-${index}`)))
  const tally = createTally(target)

  const probe = startHealthProbe(target.url)
  let left = REQUESTS
  const caller = async () => {
    while (left > 0) {
      left -= 1
      // What was settled once would only be a duplicate from then on.
      if (left % 100 === 0) known[dice.below(known.length)] = await target.register(`file-${left}`)
      const request = hostileRequest(dice, routes, known)
      const isHead = request.method === 'HEAD'
      const [answer] = await exchange(target.url, [request.bytes], {
        isHead,
        patienceMs: request.isWhole ? 30_000 : 30,
        isEnough: (got) => got.length > 0,
      })
      const text = request.bytes.toString('latin1').slice(0, 600)
      if (answer !== undefined) tally.note(answer.status, faultOf(answer, request.target, isHead), text)
      else tally.note('cut off', request.isWhole ? 'unanswered' : undefined, text)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))

  const { asked, longestMs } = await probe.stop()
  const seen = await tally.settle()
  const of = `${REQUESTS} to ${routes.length} routes, ${imagekit.calls()} calls of an insane ImageKit`
  tell(
    `hostile requests: ${of}, seed ${SEED}: ${seen}; of ${asked} looks at its health the longest took ${longestMs} ms`,
  )
  expect(longestMs).toBeLessThan(LONGEST_WAIT_MS)
  for (const status of [200, 201, 400, 401, 404, 405, 413, 502])
    expect(tally.count(status)).toBeGreaterThan(0)
})
