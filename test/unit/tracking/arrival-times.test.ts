import { expect, test } from 'vitest'
import { createArrivalTimes } from '../../../src/tracking/webhooks/arrival-times.ts'

test('a delivery that could not be stored is remembered by its body, with its first arrival time', () => {
  const arrivalTimes = createArrivalTimes()
  arrivalTimes.remember(Buffer.from('one'), 100)
  arrivalTimes.remember(Buffer.from('one'), 200)
  expect(arrivalTimes.find(Buffer.from('one'))).toBe(100)
  expect(arrivalTimes.find(Buffer.from('two'))).toBeUndefined()
})

test('at most ten thousand arrival times are remembered; one more evicts the least recently used one', () => {
  const arrivalTimes = createArrivalTimes()
  for (let n = 0; n <= 10_000; n += 1) arrivalTimes.remember(Buffer.from(String(n)), n)
  expect(arrivalTimes.find(Buffer.from('0'))).toBeUndefined()
  expect(arrivalTimes.find(Buffer.from('1'))).toBe(1)
  expect(arrivalTimes.find(Buffer.from('10000'))).toBe(10_000)
})
