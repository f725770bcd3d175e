import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { NewRejectedDelivery } from '../../../src/domain/delivery.ts'
import { TrackerError } from '../../../src/domain/errors.ts'
import { createRejectionLog } from '../../../src/tracking/webhooks/rejection-log.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** A delivery without a valid token. `hush` marks what must not be logged. */
function rejection(): Omit<NewRejectedDelivery, 'fileId'> {
  const headers = { 'x-ik-signature': 'hush' }
  const body = Buffer.from('hush')
  return {
    route: 'extension',
    receivedAt: 0,
    cause: 'forged_token',
    token: 'hush',
    submissionId: null,
    headers,
    body,
    bytes: 4,
  }
}

/** A log for which `addMany` adds deliveries without a valid token. `written`: the deliveries of each write, even if it fails. */
function start(keep: () => Promise<string[]> = () => Promise.resolve([])) {
  const written: (readonly NewRejectedDelivery[])[] = []
  const warned: object[] = []
  const store = {
    keepRejected(rejected: readonly NewRejectedDelivery[]) {
      written.push(rejected)
      return keep()
    },
  }
  const log = createRejectionLog({
    store,
    readFileId: () => null,
    log: { warn: (fields) => void warned.push(fields) },
  })
  const addMany = (count: number) => {
    for (let n = 0; n < count; n += 1) log.add(rejection(), `request-${n}`)
  }
  return { log, written, warned, addMany }
}

test('of deliveries without a valid token, ten a second are written together, and the others are dropped and counted', async () => {
  const { written, warned, addMany } = start()
  addMany(25)
  expect(written).toEqual([])
  await vi.advanceTimersByTimeAsync(1000)
  expect(written.map((rejected) => rejected.length)).toEqual([10])
  expect(warned).toMatchObject([{ dropped: 15 }])
  addMany(3)
  await vi.advanceTimersByTimeAsync(1000)
  expect(written.map((rejected) => rejected.length)).toEqual([10, 3])
  expect(warned[1]).toMatchObject({ dropped: 0 })
  await vi.advanceTimersByTimeAsync(5000)
  expect(written).toHaveLength(2)
  expect(JSON.stringify(warned)).not.toContain('hush')
})

test('a failed write is logged, and does not prevent a later one', async () => {
  const { written, warned, addMany } = start(() => Promise.reject(new Error('The disk is full.')))
  addMany(1)
  await vi.advanceTimersByTimeAsync(1000)
  // The first log line reports the rejection itself.
  expect(warned[1]).toMatchObject({ rejected: 1 })
  addMany(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(written).toHaveLength(2)
})

test('closing writes the queued deliveries after the write in progress', async () => {
  let release = () => {}
  const { log, written, addMany } = start(
    () =>
      new Promise((resolve) => {
        release = () => resolve([])
      }),
  )
  addMany(1)
  await vi.advanceTimersByTimeAsync(1000)
  addMany(2)
  // The first write is still in progress, so there is no second one.
  await vi.advanceTimersByTimeAsync(3000)
  expect(written).toHaveLength(1)
  const closed = log.close()
  release()
  await pass(0)
  release()
  await closed
  expect(written.map((rejected) => rejected.length)).toEqual([1, 2])
})

const MIB = 1024 * 1024

/** Advances the time, and lets every transaction that is due run. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  for (let tick = 0; tick < 50; tick += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** A log for which `addProven` adds deliveries with a valid token. `chunks`: the deliveries of each write, even if it fails. */
function startForProven(keepRejected: (rejected: readonly NewRejectedDelivery[]) => Promise<string[]>) {
  const chunks: (readonly NewRejectedDelivery[])[] = []
  const warned: object[] = []
  const store = {
    keepRejected(rejected: readonly NewRejectedDelivery[]) {
      chunks.push(rejected)
      return keepRejected(rejected)
    },
  }
  const log = createRejectionLog({
    store,
    readFileId: (body) => (body.length === MIB ? 'the-file' : null),
    log: { warn: (fields) => void warned.push(fields) },
  })
  const addProven = (count: number, body = Buffer.from('hush')) => {
    for (let n = 0; n < count; n += 1)
      log.add({ ...rejection(), cause: 'not_json', submissionId: 'proven', body }, `request-${n}`)
  }
  return { log, chunks, warned, addProven }
}

test('any number of deliveries with a valid token per second is stored while the queue has room, in small transactions, and ten are named in the log', async () => {
  const { chunks, warned, addProven } = startForProven(() => Promise.resolve([]))
  addProven(3_000)
  await pass(1000)
  expect(chunks.flat()).toHaveLength(3_000)
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(200)
  const named = Array.from({ length: 10 }, (_, n) => {
    return { requestId: `request-${n}`, route: 'extension', cause: 'not_json' }
  })
  expect(warned).toEqual([{ event: 'delivery.rejected', kept: 3_000, dropped: 0, deliveries: named }])
  expect(JSON.stringify(warned).length).toBeLessThan(2_000)
})

test('large bodies are written before the second is over, about one MiB per write', async () => {
  const { chunks, addProven } = startForProven(() => Promise.resolve([]))
  addProven(8, Buffer.alloc(MIB))
  await pass(1)
  expect(chunks.map((chunk) => chunk.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
})

test('the queue holds about 64 MiB, in addition to the MiB being written; the rest is dropped and counted', async () => {
  const { warned, addProven } = startForProven(() => new Promise(() => {}))
  addProven(100, Buffer.alloc(MIB))
  await pass(1000)
  expect(warned).toMatchObject([{ kept: 65, dropped: 35 }])
})

test('while the store is unavailable the deliveries wait, and the write is retried once a second', async () => {
  let isAvailable = false
  const unavailable = new TrackerError('store_unavailable', 'The disk is full.')
  const { chunks, addProven } = startForProven(() =>
    isAvailable ? Promise.resolve([]) : Promise.reject(unavailable),
  )
  addProven(500)
  for (let second = 0; second < 3; second += 1) await pass(1000)
  expect(chunks).toHaveLength(3)
  isAvailable = true
  await pass(1000)
  expect(chunks.slice(3).flat()).toHaveLength(500)
})

test('of the body of a delivery without a valid token, the first 64 KiB and the size are stored', async () => {
  const { log, chunks } = startForProven(() => Promise.resolve([]))
  const body = Buffer.alloc(MIB, 1)
  log.add({ ...rejection(), body, bytes: MIB }, 'large')
  log.add({ ...rejection(), body: body.subarray(0, 64 * 1024), bytes: 64 * 1024 }, 'small')
  await pass(1000)
  const [large, small] = chunks.flat()
  expect([large?.bytes, large?.body.length, small?.body.length]).toEqual([MIB, 65_536, 65_536])
  // The file is read from the whole body: otherwise the delivery would stay stored when its asset is forgotten.
  expect(large?.fileId).toBe('the-file')
  // A copy, because a view would keep the whole body in memory.
  expect(large?.body.buffer.byteLength).toBeLessThan(MIB)
})
