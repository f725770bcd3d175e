import { expect, test } from 'vitest'
import { numberFor, reportFigures, SEED } from './chaos.ts'
import { faultOf } from './hostile/check-response.ts'
import { createDice } from './hostile/dice.ts'
import { exchange } from './hostile/exchange.ts'
import { createFuzzReport } from './hostile/fuzz-report.ts'
import { hostileBytes, RESPONSE_TO_HIDDEN } from './hostile/hostile-bytes.ts'
import { startRandomImagekit } from './hostile/random-imagekit.ts'
import { startTarget } from './hostile/target.ts'

const CONNECTIONS = numberFor('FUZZ_CONNECTIONS', { short: 1000, long: 20_000 })
const AT_ONCE = 32
const ENDINGS = ['wait', 'wait', 'fin', 'reset'] as const

test(`hostile bytes on ${CONNECTIONS} connections do no harm, seed ${SEED}`, {
  timeout: 60_000 + CONNECTIONS * 60,
}, async () => {
  const dice = createDice(SEED)
  const imagekit = await startRandomImagekit(createDice(SEED + 1))
  const target = await startTarget(imagekit)
  const known = await Promise.all(Array.from({ length: 50 }, (_, index) => target.register(`file-${index}`)))
  const report = createFuzzReport(target)

  let remaining = CONNECTIONS
  const caller = async () => {
    while (remaining > 0) {
      remaining -= 1
      const { bytes, responses: expected } = hostileBytes(dice, known)
      const middle = dice.below(bytes.length)
      const pieces = dice.chance(0.5) ? [bytes] : [bytes.subarray(0, middle), bytes.subarray(middle)]
      const ending = expected === undefined ? dice.pick(ENDINGS) : 'wait'
      const responses = await exchange(target.url, pieces, {
        ending,
        // If it is uncertain whether a response comes, the caller must give up soon. In the other cases the exchange ends by itself.
        idleTimeoutMs: ending === 'wait' && expected === undefined ? 50 + dice.below(200) : 10_000,
        isEnough: (got) => typeof expected === 'number' && got.length >= expected,
      })
      const text = bytes.toString('latin1').slice(0, 600)
      for (const response of responses) {
        // It is unknown which path the service has read from these bytes. `faultOf` accepts errors of every format for a target with `%`.
        report.note(response.status, faultOf(response, '%'), text)
        if (response.body.includes(RESPONSE_TO_HIDDEN))
          report.fault(`a hidden request got a response: ${text}`)
      }
      if (responses.length === 0) report.note('unanswered')
      const statuses = responses.map(({ status }) => status)
      if (expected === 'one rejection' && statuses.join() !== '400')
        report.fault(`responded with ${statuses.join()}, not 400: ${text}`)
      if (typeof expected === 'number' && statuses.length !== expected)
        report.fault(`${statuses.length} responses to ${expected} requests`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))

  const seen = await report.finish()
  reportFigures(`hostile bytes: ${CONNECTIONS} connections, seed ${SEED}: ${seen}`)
  for (const status of [200, 400, 431]) expect(report.count(status)).toBeGreaterThan(0)
})
