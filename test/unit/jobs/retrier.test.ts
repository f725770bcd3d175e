import { expect, onTestFinished, test, vi } from 'vitest'
import { createRetrier } from '../../../src/jobs/retrier.ts'

type RetrierDeps = Parameters<typeof createRetrier>[0]

test('an idle retrier looks for retries every 10 seconds, because another process may have queued some', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  let readCount = 0
  const nextRetryItem = async () => {
    readCount += 1
    return undefined
  }
  // As long as no retry is queued, the retrier uses no other dependency.
  const retrier = createRetrier({ store: { nextRetryItem }, log: { error() {} } } as unknown as RetrierDeps)
  retrier.start()
  onTestFinished(() => retrier.stop())
  await vi.advanceTimersByTimeAsync(60_000)
  // At 0, 10, …, 60 seconds.
  expect(readCount).toBe(7)
})
