import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { createService } from '../../src/service.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { numberFor, reportFigures, SEED } from './chaos.ts'
import { faultOf } from './hostile/check-response.ts'
import { createDice } from './hostile/dice.ts'
import { exchange } from './hostile/exchange.ts'
import { createFuzzReport } from './hostile/fuzz-report.ts'
import { startHealthProbe } from './hostile/health-probe.ts'
import { hostileRequest } from './hostile/hostile-requests.ts'
import { startRandomImagekit } from './hostile/random-imagekit.ts'
import { startTarget } from './hostile/target.ts'

const REQUESTS = numberFor('FUZZ_REQUESTS', { short: 4000, long: 80_000 })
const AT_ONCE = 32
/**
 * The longest time for which a request may block all others. A busy machine stays below it; a body that takes minutes to process
 * does not.
 */
const LONGEST_WAIT_MS = 8000

/** Paths under /admin that are only requested with GET. They are listed here because `service.operations` has only the HTTP API. */
const VIEWED = [
  '',
  '/failures',
  '/deliveries',
  '/deliveries/:deliveryId',
  '/audit',
  '/retries/:retryId',
  '/runs/:runId',
  '/assets/:fileId',
  '/assets/:fileId/events',
  '/static/:hash/:name',
]
/** Paths under /admin to which forms are submitted. They are requested with GET and POST. */
const SUBMITTED = [
  '/sign-in',
  '/sign-out',
  '/retries',
  '/retries/preview',
  '/acknowledgements',
  '/acknowledgements/preview',
  '/runs/:runId/retry',
  '/runs/:runId/acknowledge',
  '/runs/:runId/unacknowledge',
  '/deliveries/:deliveryId/replay',
  '/assets/:fileId/forget',
]
const PAGES = [...VIEWED, ...SUBMITTED]
  .map((path) => `GET /admin${path}`)
  .concat(SUBMITTED.map((path) => `POST /admin${path}`))

/** The service's routes, as `METHOD /path/:param`. A route that is listed more often is chosen more often. */
async function listRoutes(): Promise<string[]> {
  const path = join(temporaryDirectory(), 'tracker.db')
  const config = parseConfig({ DATABASE_URL: `file:${path}`, IMAGEKIT_PRIVATE_KEY: 'any' }, () => '')
  const service = createService(config, { logger: pino({ level: 'silent' }) })
  const apiRoutes = service.operations.map(({ method, path }) => `${method} ${path}`)
  await service.stop()
  // There are about as many pages as API routes, but a page has less code of its own, so API routes are chosen three times as often.
  // No request has a session, so pages that require one reject the request, or redirect to the sign-in page.
  return [...PAGES, ...apiRoutes, ...apiRoutes, ...apiRoutes]
}

test(`${REQUESTS} hostile requests to all routes do no harm, seed ${SEED}`, {
  timeout: 60_000 + REQUESTS * 30,
}, async () => {
  const dice = createDice(SEED)
  const imagekit = await startRandomImagekit(createDice(SEED + 1))
  // Runs become overdue after a second, so that requests to /reconcile find some. The service itself starts a pass only once a
  // minute, because each pass claims the due runs, and would leave fewer of them to the requests.
  const target = await startTarget(imagekit, { RECONCILE_AFTER: '1s', RECONCILE_EVERY: '1m' })
  const routes = await listRoutes()
  const known = await Promise.all(Array.from({ length: 50 }, (_, index) => target.register(`file-${index}`)))
  const report = createFuzzReport(target)

  const probe = startHealthProbe(target.url)
  let remaining = REQUESTS
  const caller = async () => {
    while (remaining > 0) {
      remaining -= 1
      // A webhook for a settled run is never applied, so register new submissions.
      if (remaining % 100 === 0) known[dice.below(known.length)] = await target.register(`file-${remaining}`)
      const request = hostileRequest(dice, routes, known)
      const isHead = request.method === 'HEAD'
      const [response] = await exchange(target.url, [request.bytes], {
        isHead,
        idleTimeoutMs: request.isWhole ? 30_000 : 30,
        isEnough: (got) => got.length > 0,
      })
      const text = request.bytes.toString('latin1').slice(0, 600)
      if (response !== undefined)
        report.note(response.status, faultOf(response, request.target, isHead), text)
      else report.note('cut off', request.isWhole ? 'unanswered' : undefined, text)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))

  const { checks, longestMs } = await probe.stop()
  const seen = await report.finish()
  const scope = `${REQUESTS} to ${new Set(routes).size} routes, ${imagekit.calls()} calls of an ImageKit that responds at random`
  reportFigures(
    `hostile requests: ${scope}, seed ${SEED}: ${seen}; the longest of ${checks} health checks took ${longestMs} ms`,
  )
  expect(longestMs).toBeLessThan(LONGEST_WAIT_MS)
  for (const status of [200, 201, 400, 401, 404, 405, 413, 502])
    expect(report.count(status)).toBeGreaterThan(0)
})
