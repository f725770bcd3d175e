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
    retentionMs: 500,
    log: { error: () => {} },
  })
  pruner.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(places).toEqual([null, 200])
  await vi.advanceTimersByTimeAsync(600_000)
  expect(places).toEqual([null, 200, null, 200])
  await pruner.stop()
})
