import { expect, test } from 'vitest'
import { runSync, type Work, waitFor } from '../../../src/store/transaction-work.ts'

function* addUp(...numbers: (number | Promise<number>)[]): Work<number> {
  let sum = 0
  for (const number of numbers) sum += yield* waitFor(number)
  return sum
}

test('`runSync` does the work synchronously, and fails if the work has to wait', () => {
  expect(runSync(addUp(1, 2, 3))).toBe(6)
  expect(() => runSync(addUp(1, Promise.resolve(2)))).toThrow('made its work wait')
})

test('work yields each promise before it continues with its result', async () => {
  const work = addUp(1, Promise.resolve(2), 3, Promise.resolve(4))
  let waited = 0
  let step = work.next()
  for (; step.done !== true; step = work.next()) {
    await step.value
    waited += 1
  }
  expect([step.value, waited]).toEqual([10, 2])
})

test('work that is resumed too early fails', () => {
  const work = addUp(Promise.resolve(1))
  work.next()
  expect(() => work.next()).toThrow('before the promise')
})
