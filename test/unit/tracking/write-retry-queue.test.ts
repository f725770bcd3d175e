import { expect, onTestFinished, test, vi } from 'vitest'
import { TrackerError } from '../../../src/domain/errors.ts'
import {
  createWriteRetryQueue,
  type WriteRetryQueue,
} from '../../../src/tracking/uploads/write-retry-queue.ts'

const log = { warn() {}, error() {} }

/** A store that is down until `isUp` is set. `write` returns a function to pass to `apply`. */
function createStore() {
  const written: string[] = []
  const store = {
    isUp: false,
    written,
    write: (text: string) => async () => {
      if (!store.isUp) throw new TrackerError('store_unavailable', 'The disk is full.')
      await Promise.resolve()
      written.push(text)
    },
  }
  return store
}

/** Queues a write: the store rejects its first attempt, and its second attempt waits for `resume`. */
async function queueSlowWrite(queue: WriteRetryQueue, store: ReturnType<typeof createStore>) {
  let resume = () => {}
  const slow = new Promise<void>((resolve) => {
    resume = resolve
  })
  let attempts = 0
  await queue.apply(async () => {
    attempts += 1
    if (attempts > 1) await slow
    await store.write('slow')()
  })
  return { resume, attempts: () => attempts }
}

test('failed writes are retried in order once the store is back', async () => {
  const store = createStore()
  const queue = createWriteRetryQueue({ log, retryMs: 1 })
  for (const text of ['a', 'b', 'c']) await queue.apply(store.write(text))
  expect(queue.size()).toBe(3)
  store.isUp = true
  await expect.poll(() => queue.size()).toBe(0)
  expect(store.written).toEqual(['a', 'b', 'c'])
})

test('once the store is back, closing the queue during an attempt loses nothing and writes nothing twice', async () => {
  const store = createStore()
  const queue = createWriteRetryQueue({ log, retryMs: 1 })
  const { resume, attempts } = await queueSlowWrite(queue, store)
  await queue.apply(store.write('next'))
  store.isUp = true
  await expect.poll(attempts).toBe(2)
  const closed = queue.close()
  resume()
  await closed
  expect(store.written).toEqual(['slow', 'next'])
})

test('a queue that is closed while the store is down logs lost writes, and leaves no timer that keeps the process running', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const errors: object[] = []
  const errorLog = { ...log, error: (fields: object) => void errors.push(fields) }
  const queue = createWriteRetryQueue({ log: errorLog, retryMs: 1000 })
  const store = createStore()
  const { resume, attempts } = await queueSlowWrite(queue, store)
  vi.advanceTimersToNextTimer()
  await vi.waitFor(() => expect(attempts()).toBe(2))
  const closed = queue.close()
  resume()
  await closed
  await queue.apply(store.write('too late'))
  expect(vi.getTimerCount()).toBe(0)
  // The queued write, and the one after the queue was closed.
  expect(errors).toMatchObject([{ waiting: 1 }, { err: { code: 'store_unavailable' } }])
})

test('a write that fails with an unexpected error is logged, and not retried', async () => {
  const errors: object[] = []
  const queue = createWriteRetryQueue({ log: { ...log, error: (fields) => void errors.push(fields) } })
  await queue.apply(() => Promise.reject(new Error('a fault')))
  expect(queue.size()).toBe(0)
  expect(errors).toMatchObject([{ err: { message: 'a fault' } }])
})
