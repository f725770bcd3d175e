import { expect, test } from 'vitest'
import { createCooldown } from '../../../src/imagekit/rate-limit.ts'

test('a cooldown lasts as long as it was set to, and ends if the clock is set back to before its start', () => {
  let now = 1_000_000
  const cooldown = createCooldown(() => now)
  expect(cooldown.remainingMs()).toBe(0)
  cooldown.start(700)
  now += 100
  expect(cooldown.remainingMs()).toBe(600)
  now += 600
  expect(cooldown.remainingMs()).toBe(0)
  cooldown.start(700)
  now -= 86_400_000
  expect(cooldown.remainingMs()).toBe(0)
})
