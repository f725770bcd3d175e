import { AsyncLocalStorage } from 'node:async_hooks'
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

test('a job that a request wakes does not run in the async context of the request', async () => {
  const requests = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  const repeated = repeat(
    async () => {
      seen.push(requests.getStore())
      return 60_000
    },
    { afterFailureMs: 60_000, onError: () => {} },
  )
  onTestFinished(() => repeated.stop())
  repeated.start()
  await expect.poll(() => seen.length).toBe(1)
  requests.run('a request', () => repeated.wake())
  await expect.poll(() => seen.length).toBe(2)
  expect(seen).toEqual([undefined, undefined])
})
