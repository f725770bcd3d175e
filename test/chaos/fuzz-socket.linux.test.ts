import { expect, test } from 'vitest'
import { SEED, tell, timesOf } from './chaos.ts'
import { createDice } from './hostile/dice.ts'
import { exchange } from './hostile/exchange.ts'
import { ANSWER_TO_HIDDEN, hostileBytes } from './hostile/hostile-bytes.ts'
import { startInsaneImagekit } from './hostile/insane-imagekit.ts'
import { faultOf } from './hostile/judge-answer.ts'
import { createTally } from './hostile/tally.ts'
import { startTarget } from './hostile/target.ts'

const CONNECTIONS = timesOf('FUZZ_CONNECTIONS', { short: 1000, long: 20_000 })
const AT_ONCE = 32
const ENDINGS = ['wait', 'wait', 'fin', 'reset'] as const

test(`${CONNECTIONS} connections full of hostile bytes do no harm, seed ${SEED}`, {
  timeout: 60_000 + CONNECTIONS * 60,
}, async () => {
  const dice = createDice(SEED)
  const imagekit = await startInsaneImagekit(createDice(SEED + 1))
  const target = await startTarget(imagekit)
  const known = await Promise.all(Array.from({ length: 50 }, (_, index) => target.register(`file-${index}`)))
  const tally = createTally(target)

  let left = CONNECTIONS
  const caller = async () => {
    while (left > 0) {
      left -= 1
      const { bytes, answers: expected } = hostileBytes(dice, known)
      const middle = dice.below(bytes.length)
      const pieces = dice.chance(0.5) ? [bytes] : [bytes.subarray(0, middle), bytes.subarray(middle)]
      const ending = expected === undefined ? dice.pick(ENDINGS) : 'wait'
      const answers = await exchange(target.url, pieces, {
        ending,
        // Only who goes on waiting for what may never come has to break off; the others are closed by the service.
        patienceMs: ending === 'wait' && expected === undefined ? 50 + dice.below(200) : 10_000,
        isEnough: (got) => typeof expected === 'number' && got.length >= expected,
      })
      const text = bytes.toString('latin1').slice(0, 600)
      for (const answer of answers) {
        // Nobody knows what address the server has read in the bytes.
        tally.note(answer.status, faultOf(answer, '%'), text)
        if (answer.body.includes(ANSWER_TO_HIDDEN)) tally.fault(`a hidden request was answered: ${text}`)
      }
      if (answers.length === 0) tally.note('unanswered')
      const statuses = answers.map(({ status }) => status)
      if (expected === 'one refusal' && statuses.join() !== '400')
        tally.fault(`answered ${statuses.join()}, not 400: ${text}`)
      if (typeof expected === 'number' && statuses.length !== expected)
        tally.fault(`${statuses.length} answers to ${expected} requests`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, caller))

  const seen = await tally.settle()
  tell(`hostile bytes: ${CONNECTIONS} connections, seed ${SEED}: ${seen}`)
  for (const status of [200, 400, 431]) expect(tally.count(status)).toBeGreaterThan(0)
})
