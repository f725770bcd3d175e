import { expect, onTestFinished, test, vi } from 'vitest'
import { createRetrier } from '../../../src/jobs/retrier.ts'

type RetrierDeps = Parameters<typeof createRetrier>[0]

test('retries that another process has queued are read every 10 seconds', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  let readCount = 0
  const nextRetryItem = async () => {
    readCount += 1
    return undefined
  }
  // Without an item, the retrier uses nothing else.
  const retrier = createRetrier({ store: { nextRetryItem }, log: { error() {} } } as unknown as RetrierDeps)
  retrier.start()
  onTestFinished(() => retrier.stop())
  await vi.advanceTimersByTimeAsync(60_000)
  expect(readCount).toBe(7)
})
