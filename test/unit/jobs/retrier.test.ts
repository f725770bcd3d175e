import { expect, onTestFinished, test, vi } from 'vitest'
import { createRetrier } from '../../../src/jobs/retrier.ts'

type RetrierDeps = Parameters<typeof createRetrier>[0]

test('what another process has left waiting is looked for every 10 seconds', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  let looks = 0
  const nextRetryItem = async () => {
    looks += 1
    return undefined
  }
  // Without an item, it uses nothing else.
  const retrier = createRetrier({ store: { nextRetryItem }, log: { error() {} } } as unknown as RetrierDeps)
  retrier.start()
  onTestFinished(() => retrier.stop())
  await vi.advanceTimersByTimeAsync(60_000)
  expect(looks).toBe(7)
})
