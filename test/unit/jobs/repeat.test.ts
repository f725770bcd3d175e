import { expect, onTestFinished, test, vi } from 'vitest'
import { repeat } from '../../../src/jobs/repeat.ts'

test('a pause that is longer than a timer can wait does not end at once', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  let runCount = 0
  const repeated = repeat(
    async () => {
      runCount += 1
      return 90 * 86_400_000
    },
    { afterFailureMs: 1, onError: () => {} },
  )
  repeated.start()
  await vi.advanceTimersByTimeAsync(86_400_000)
  expect(runCount).toBe(1)
  await repeated.stop()
})
