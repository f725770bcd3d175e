import { expect, test } from 'vitest'
import { batchReads, type Read } from '../../../src/store/batch-reads.ts'

/** Records which keys are read together. If `readOne` throws, the whole batch fails. */
function recordReads(readOne: (key: string) => Read<string> = (key) => ({ found: `${key}!` })) {
  const batches: string[][] = []
  const readAll = (keys: readonly string[]) => {
    batches.push([...keys])
    return keys.map(readOne)
  }
  const reads = batchReads(readAll, { maxBatches: 1 })
  return { ...reads, batches }
}

test('reads requested in one tick of the event loop are made together, in order, and not before the tick ends', async () => {
  const { find, batches } = recordReads()
  const results = ['a', 'b', 'a'].map(find)
  expect(batches).toEqual([])
  expect(await Promise.all(results)).toEqual(['a!', 'b!', 'a!'])
  expect(batches).toEqual([['a', 'b', 'a']])
})

/** Records which keys are read together; the read of each batch ends once the test releases it. */
function recordPausedReads(maxBatches: number) {
  const waiting: (() => void)[] = []
  const batches: string[][] = []
  const readAll = async (keys: readonly string[]): Promise<Read<string>[]> => {
    batches.push([...keys])
    await new Promise<void>((resolve) => void waiting.push(resolve))
    return keys.map((key) => ({ found: key }))
  }
  return { ...batchReads(readAll, { maxBatches }), batches, waiting }
}

test('a read requested during another read is made separately, even if both have the same key', async () => {
  const { find, batches, waiting } = recordPausedReads(2)
  const first = find('a')
  await expect.poll(() => waiting.length).toBe(1)
  const second = find('a')
  await expect.poll(() => waiting.length).toBe(2)
  for (const release of waiting) release()
  expect(await Promise.all([first, second])).toEqual(['a', 'a'])
  expect(batches).toEqual([['a'], ['a']])
})

test('while as many batches as allowed are being read, further reads wait, and are made together once one batch has ended', async () => {
  const { find, batches, waiting } = recordPausedReads(2)
  const results: Promise<string>[] = []
  for (const key of ['a', 'b', 'c', 'd']) {
    results.push(find(key))
    // Each read is requested in another tick.
    await new Promise((resolve) => void setImmediate(() => setImmediate(resolve)))
  }
  expect(batches).toEqual([['a'], ['b']])
  waiting[1]?.()
  await expect.poll(() => batches).toEqual([['a'], ['b'], ['c', 'd']])
  for (const release of waiting) release()
  expect(await Promise.all(results)).toEqual(['a', 'b', 'c', 'd'])
})

test('very many reads are split into batches, and all of them are made', async () => {
  const { find, batches } = recordReads()
  const keys = Array.from({ length: 2_500 }, (_, index) => `f${index}`)
  const results = keys.map(find)
  await results[0]
  // A batch has at most 200 reads, and the next one begins in a later tick.
  expect(batches.map((batch) => batch.length)).toEqual([200])
  await Promise.all(results)
  expect(batches.flat()).toEqual(keys)
})

test('a failing read does not fail the others', async () => {
  const failure = new Error('not JSON')
  const { find } = recordReads((key) => (key === 'bad' ? { error: failure } : { found: key }))
  const [before, bad, after] = await Promise.allSettled(['a', 'bad', 'b'].map(find))
  expect([before, after]).toMatchObject([{ value: 'a' }, { value: 'b' }])
  expect(bad).toEqual({ status: 'rejected', reason: failure })
})

test('if a batch fails, each of its reads fails, but later reads succeed', async () => {
  const failure = new Error('locked')
  let isLocked = true
  const { find } = recordReads((key) => {
    if (isLocked) throw failure
    return { found: key }
  })
  const settled = await Promise.allSettled(['a', 'b'].map(find))
  const failed = { status: 'rejected', reason: failure }
  expect(settled).toEqual([failed, failed])
  isLocked = false
  expect(await find('a')).toBe('a')
})

test('draining waits for a read in progress', async () => {
  const { find, drain, waiting } = recordPausedReads(1)
  const order: string[] = []
  const read = find('a').then(() => order.push('read'))
  await expect.poll(() => waiting.length).toBe(1)
  const drained = drain().then(() => order.push('drained'))
  // After one tick of the event loop, a drain that does not wait would have ended.
  await new Promise((resolve) => void setImmediate(resolve))
  for (const release of waiting) release()
  await Promise.all([read, drained])
  expect(order).toEqual(['read', 'drained'])
})

test('draining makes all requested reads, even if they need several batches', async () => {
  const { find, drain, batches } = recordReads()
  const results = Array.from({ length: 201 }, () => find('a'))
  await drain()
  expect(batches).toHaveLength(2)
  expect(await Promise.all(results)).toHaveLength(201)
})
