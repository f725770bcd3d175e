import { expect, onTestFinished, test, vi } from 'vitest'
import { TrackerError } from '../../../src/domain/errors.ts'
import { createWriteRetryQueue } from '../../../src/tracking/uploads/write-retry-queue.ts'

const log = { warn() {}, error() {} }

/** A store that is down until `isUp` is set. */
function createStore() {
  const written: string[] = []
  const store = {
    isUp: false,
    written,
    write: (what: string) => async () => {
      if (!store.isUp) throw new TrackerError('store_unavailable', 'The disk is full.')
      await Promise.resolve()
      written.push(what)
    },
  }
  return store
}

/** A write that the store rejects at first; its second attempt waits for `resume`. */
async function applySlowly(
  writeRetries: ReturnType<typeof createWriteRetryQueue>,
  store: ReturnType<typeof createStore>,
) {
  let resume = () => {}
  const slow = new Promise<void>((resolve) => {
    resume = resolve
  })
  let attempts = 0
  await writeRetries.apply(async () => {
    attempts += 1
    if (attempts > 1) await slow
    await store.write('slow')()
  })
  return { resume, attempts: () => attempts }
}

test('failed writes are retried in order once the store is back', async () => {
  const store = createStore()
  const writeRetries = createWriteRetryQueue({ log, retryMs: 1 })
  for (const what of ['a', 'b', 'c']) await writeRetries.apply(store.write(what))
  expect(writeRetries.size()).toBe(3)
  store.isUp = true
  await expect.poll(() => writeRetries.size()).toBe(0)
  expect(store.written).toEqual(['a', 'b', 'c'])
})

test('a close during an attempt loses nothing and writes nothing twice', async () => {
  const store = createStore()
  const writeRetries = createWriteRetryQueue({ log, retryMs: 1 })
  const { resume, attempts } = await applySlowly(writeRetries, store)
  await writeRetries.apply(store.write('next'))
  store.isUp = true
  await expect.poll(attempts).toBe(2)
  const closed = writeRetries.close()
  resume()
  await closed
  expect(store.written).toEqual(['slow', 'next'])
})

test('a queue that is closed while the store is down retries nothing, so that the process can exit', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const errors: object[] = []
  const errorLog = { ...log, error: (fields: object) => void errors.push(fields) }
  const writeRetries = createWriteRetryQueue({ log: errorLog, retryMs: 1000 })
  const store = createStore()
  const { resume, attempts } = await applySlowly(writeRetries, store)
  vi.advanceTimersToNextTimer()
  await vi.waitFor(() => expect(attempts()).toBe(2))
  const closed = writeRetries.close()
  resume()
  await closed
  await writeRetries.apply(store.write('too late'))
  expect(vi.getTimerCount()).toBe(0)
  expect(errors).toMatchObject([{ waiting: 1 }, { err: { code: 'store_unavailable' } }])
})

test('a write that fails for another reason is logged, and blocks no other write', async () => {
  const errors: object[] = []
  const writeRetries = createWriteRetryQueue({ log: { ...log, error: (fields) => void errors.push(fields) } })
  await writeRetries.apply(() => Promise.reject(new Error('a fault')))
  expect(writeRetries.size()).toBe(0)
  expect(errors).toMatchObject([{ err: { message: 'a fault' } }])
})
