import { expect, test } from 'vitest'
import { createHold } from '../../../src/imagekit/rate-limit.ts'

test('a hold lasts as long as it was told, and ends where the clock is set back', () => {
  let now = 1_000_000
  const hold = createHold(() => now)
  expect(hold.leftMs()).toBe(0)
  hold.begin(700)
  now += 100
  expect(hold.leftMs()).toBe(600)
  now += 600
  expect(hold.leftMs()).toBe(0)
  hold.begin(700)
  now -= 86_400_000
  expect(hold.leftMs()).toBe(0)
})
