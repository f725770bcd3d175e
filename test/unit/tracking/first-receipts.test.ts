import { expect, test } from 'vitest'
import { createFirstReceipts } from '../../../src/tracking/webhooks/first-receipts.ts'

test('a delivery that could not be stored is remembered by its body, with its first arrival time', () => {
  const receipts = createFirstReceipts()
  receipts.remember(Buffer.from('one'), 100)
  receipts.remember(Buffer.from('one'), 200)
  expect(receipts.find(Buffer.from('one'))).toBe(100)
  expect(receipts.find(Buffer.from('two'))).toBeUndefined()
})

test('at most ten thousand are remembered; the oldest are evicted', () => {
  const receipts = createFirstReceipts()
  for (let n = 0; n <= 10_000; n += 1) receipts.remember(Buffer.from(String(n)), n)
  expect(receipts.find(Buffer.from('0'))).toBeUndefined()
  expect(receipts.find(Buffer.from('1'))).toBe(1)
  expect(receipts.find(Buffer.from('10000'))).toBe(10_000)
})
