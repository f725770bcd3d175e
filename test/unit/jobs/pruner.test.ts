import { expect, onTestFinished, test, vi } from 'vitest'
import type { ClockTrust } from '../../../src/domain/due-time.ts'
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
      async saveClockTrust() {},
    },
    clock: () => 1_000,
    uptimeMs: () => 0,
    clockTrust: () => null,
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

test('prunes nothing for a day of running in total while the clock is more than a day ahead, and warns once a process', async () => {
  vi.useFakeTimers({ now: 0 })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const hour = 3_600_000
  let saved: ClockTrust | null = { trustedAt: 1_000, doubtedMs: 0 }
  let pruned = 0
  let aheadMs = 91 * 24 * hour
  const warned: object[] = []
  const start = () => {
    const trust = saved
    const pruner = createPruner({
      store: {
        async pruneBodies() {
          pruned += 1
          return { pruned: 0, next: null }
        },
        async saveClockTrust(checked) {
          saved = checked
        },
      },
      clock: () => aheadMs + Date.now(),
      uptimeMs: () => Date.now(),
      clockTrust: () => trust,
      retentionMs: 90 * 24 * hour,
      log: { error: () => {}, warn: (fields) => void warned.push(fields) },
    })
    pruner.start()
    return pruner
  }
  const first = start()
  await vi.advanceTimersByTimeAsync(13 * hour)
  await first.stop()
  expect(warned).toEqual([
    { now: expect.stringMatching(/^1970-04-02T00:00:00/), trustedAt: '1970-01-01T00:00:01.000Z' },
  ])
  // What the service does not run for does not count, and nor does a further jump.
  aheadMs *= 2
  const second = start()
  await vi.advanceTimersByTimeAsync(11 * hour - 1)
  expect(pruned).toBe(0)
  expect(warned).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(hour)
  expect(pruned).toBeGreaterThan(0)
  await second.stop()

  // From then on the clock is trusted, until it jumps while the service runs.
  const third = start()
  await vi.advanceTimersByTimeAsync(hour)
  const before = pruned
  expect(before).toBeGreaterThan(7)
  aheadMs += 25 * hour
  await vi.advanceTimersByTimeAsync(hour)
  expect(pruned).toBe(before)
  expect(warned).toHaveLength(3)
  await third.stop()
})
