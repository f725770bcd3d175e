import { expect, onTestFinished, test, vi } from 'vitest'
import { createPruner } from '../../../src/jobs/pruner.ts'

test('goes on where it stopped, to the end of the bodies, and only then begins anew', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const places: (number | null)[] = []
  const pruner = createPruner({
    store: {
      async pruneBodies(_before, _limit, after) {
        places.push(after)
        return { pruned: 0, next: after === null ? 200 : null }
      },
    },
    clock: () => 1_000,
    uptimeMs: () => 0,
    newestRowAt: () => null,
    retentionMs: 500,
    log: { error: () => {}, warn: () => {} },
  })
  pruner.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(places).toEqual([null, 200])
  await vi.advanceTimersByTimeAsync(600_000)
  expect(places).toEqual([null, 200, null, 200])
  await pruner.stop()
})

test('prunes nothing for a day while the clock is more than a day past the newest row, and warns once', async () => {
  vi.useFakeTimers({ now: 0 })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  let pruned = 0
  const warned: object[] = []
  const hour = 3_600_000
  const aheadMs = 91 * 24 * hour
  const pruner = createPruner({
    store: {
      async pruneBodies() {
        pruned += 1
        return { pruned: 0, next: null }
      },
    },
    clock: () => aheadMs + Date.now(),
    uptimeMs: () => Date.now(),
    newestRowAt: () => 1_000,
    retentionMs: 90 * 24 * hour,
    log: { error: () => {}, warn: (fields) => void warned.push(fields) },
  })
  pruner.start()
  await vi.advanceTimersByTimeAsync(24 * hour - 1)
  expect(pruned).toBe(0)
  expect(warned).toEqual([
    { now: expect.stringMatching(/^1970-04-02T00:00:00/), newestRowAt: '1970-01-01T00:00:01.000Z' },
  ])
  await vi.advanceTimersByTimeAsync(hour)
  expect(pruned).toBeGreaterThan(0)
  await pruner.stop()
})
