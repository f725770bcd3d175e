import { expect, onTestFinished, test, vi } from 'vitest'
import { TrackerError } from '../../../src/domain/errors.ts'
import { createWriteRetryQueue } from '../../../src/tracking/write-retry-queue.ts'

const log = { warn() {}, error() {} }

/** A store that is down until `isUp`. */
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

/** Something that the store can't take at first; the second try of it waits for `goOn`. */
async function applySlowly(
  backlog: ReturnType<typeof createWriteRetryQueue>,
  store: ReturnType<typeof createStore>,
) {
  let goOn = () => {}
  const slow = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let tries = 0
  await backlog.apply(async () => {
    tries += 1
    if (tries > 1) await slow
    await store.write('slow')()
  })
  return { goOn, tries: () => tries }
}

test('what the store could not take is written in its order once the store is back', async () => {
  const store = createStore()
  const backlog = createWriteRetryQueue({ log, retryMs: 1 })
  for (const what of ['a', 'b', 'c']) await backlog.apply(store.write(what))
  expect(backlog.size()).toBe(3)
  store.isUp = true
  await expect.poll(() => backlog.size()).toBe(0)
  expect(store.written).toEqual(['a', 'b', 'c'])
})

test('a close in the middle of a try loses nothing and writes nothing twice', async () => {
  const store = createStore()
  const backlog = createWriteRetryQueue({ log, retryMs: 1 })
  const { goOn, tries } = await applySlowly(backlog, store)
  await backlog.apply(store.write('next'))
  store.isUp = true
  await expect.poll(tries).toBe(2)
  const closed = backlog.close()
  goOn()
  await closed
  expect(store.written).toEqual(['slow', 'next'])
})

test('closed while the store is down it tries nothing any more, so that the process can end', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const errors: object[] = []
  const told = { ...log, error: (fields: object) => void errors.push(fields) }
  const backlog = createWriteRetryQueue({ log: told, retryMs: 1000 })
  const store = createStore()
  const { goOn, tries } = await applySlowly(backlog, store)
  vi.advanceTimersToNextTimer()
  await vi.waitFor(() => expect(tries()).toBe(2))
  const closed = backlog.close()
  goOn()
  await closed
  await backlog.apply(store.write('too late'))
  expect(vi.getTimerCount()).toBe(0)
  expect(errors).toMatchObject([{ waiting: 1 }, { err: { code: 'store_unavailable' } }])
})

test('what fails for another reason is logged, and holds nothing up', async () => {
  const errors: object[] = []
  const backlog = createWriteRetryQueue({ log: { ...log, error: (fields) => void errors.push(fields) } })
  await backlog.apply(() => Promise.reject(new Error('a fault')))
  expect(backlog.size()).toBe(0)
  expect(errors).toMatchObject([{ err: { message: 'a fault' } }])
})
