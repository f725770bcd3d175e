import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RefusedDelivery } from '../../../src/domain/delivery.ts'
import { createRefusedLog } from '../../../src/tracking/refused-log.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function refusal(deliveryId: string): Omit<RefusedDelivery, 'fileId'> {
  const headers = { 'x-ik-signature': 'hush' }
  const body = Buffer.from('hush')
  return {
    deliveryId,
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

function start(keep: (ids: string[]) => Promise<void> = () => Promise.resolve()) {
  const written: string[][] = []
  const warned: object[] = []
  const store = {
    keepRefused(refused: readonly RefusedDelivery[]) {
      const ids = refused.map(({ deliveryId }) => deliveryId)
      written.push(ids)
      return keep(ids)
    },
  }
  const log = createRefusedLog({
    store,
    readFileId: () => null,
    log: { warn: (fields) => void warned.push(fields) },
  })
  const keepMany = (count: number) => {
    for (let n = 0; n < count; n += 1) log.keep(refusal(String(n)))
  }
  return { log, written, warned, keepMany }
}

test('ten a second are written at once, and the others are counted', async () => {
  const { written, warned, keepMany } = start()
  keepMany(25)
  expect(written).toEqual([])
  await vi.advanceTimersByTimeAsync(1000)
  expect(written.map((ids) => ids.length)).toEqual([10])
  expect(warned).toMatchObject([{ dropped: 15 }])
  keepMany(3)
  await vi.advanceTimersByTimeAsync(1000)
  expect(written.map((ids) => ids.length)).toEqual([10, 3])
  expect(warned[1]).toMatchObject({ dropped: 0 })
  await vi.advanceTimersByTimeAsync(5000)
  expect(written).toHaveLength(2)
  expect(JSON.stringify(warned)).not.toContain('hush')
})

test('a store that refuses them is told of, and the next are tried again', async () => {
  const { written, warned, keepMany } = start(() => Promise.reject(new Error('The disk is full.')))
  keepMany(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(warned[1]).toMatchObject({ refused: 1 })
  keepMany(1)
  await vi.advanceTimersByTimeAsync(1000)
  expect(written).toHaveLength(2)
})

test('closing writes what is left, after what is being written', async () => {
  let release = () => {}
  const { log, written, keepMany } = start(
    () =>
      new Promise((resolve) => {
        release = resolve
      }),
  )
  keepMany(1)
  await vi.advanceTimersByTimeAsync(1000)
  keepMany(2)
  // The store is still at the first, so it gets no second.
  await vi.advanceTimersByTimeAsync(3000)
  expect(written).toHaveLength(1)
  const closed = log.close()
  release()
  await vi.advanceTimersByTimeAsync(0)
  release()
  await closed
  expect(written.map((ids) => ids.length)).toEqual([1, 2])
})
