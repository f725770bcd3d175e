import { expect, it } from 'vitest'
import { createStatusBoard } from '../../../src/tracking/status-board.ts'
import { settled, slowStore, versionOf } from './slow-store.ts'

it('reads an asset once for all who ask at the same time', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const asked = [board.find('f'), board.find('f'), board.find('f')]
  await store.endAll()
  const [first, ...others] = await Promise.all(asked)
  for (const other of others) expect(other).toBe(first)
  expect(await board.find('f')).toBe(first)
  expect(store.reads()).toBe(1)
})

it('gives the newer state to who asked before the change and was overtaken by it', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const asked = board.find('f')
  store.commit(1)
  board.invalidate('f')
  await store.endAll()
  expect(versionOf(await asked)).toBe(1)
  expect(versionOf(await board.find('f'))).toBe(1)
})

it('does not read a changed asset that nobody watches', () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  board.watch('other', () => {})
  board.invalidate('f')
  expect(store.reads()).toBe(0)
})

it('gives the same snapshot to all listeners of a change', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const told: unknown[] = []
  board.watch('f', (news) => told.push(news))
  board.watch('f', (news) => told.push(news))
  const leave = board.watch('f', () => told.push('left'))
  leave()
  leave()
  expect(board.watching()).toBe(2)
  board.invalidate('f')
  await store.endAll()
  expect(told).toEqual([{ what: 'changed', snapshot: await board.find('f') }, told[0]])
  expect(told[1]).toBe(told[0])
})

it('does not tell listeners again what they were told last', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store })
  const told: unknown[] = []
  board.watch('f', (news) => told.push(news))
  for (const version of [1, 1, 2, 2, 1]) {
    store.commit(version)
    board.invalidate('f')
    await store.endAll()
  }
  expect(told).toHaveLength(3)
})

it('keeps no more bytes of answers than it may', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store }, { cacheBytes: 20_000 })
  const names = Array.from({ length: 200 }, (_, index) => `f${index}`)
  for (const name of names) {
    const asked = board.find(name)
    await store.endAll()
    await asked
  }
  const before = store.reads()
  const again = Promise.all(names.map((name) => board.find(name)))
  await store.endAll()
  await again
  const kept = names.length - (store.reads() - before)
  expect(kept).toBeGreaterThan(0)
  expect(kept).toBeLessThan(20_000 / 400)
})

it('tries a failed read again while somebody watches, reports it, and stops when nobody does', async () => {
  const timers = new Set<() => void>()
  const errors: unknown[] = []
  const failure = new Error('locked')
  const board = createStatusBoard(
    { store: { findAsset: () => Promise.reject(failure) } },
    {
      startTimer: (_ms, task) => {
        timers.add(task)
        return () => timers.delete(task)
      },
      onLoadError: (error, fileId) => errors.push([error, fileId]),
    },
  )
  const leave = board.watch('f', () => {})
  board.invalidate('f')
  await settled()
  expect(errors).toEqual([[failure, 'f']])
  for (const task of timers) task()
  await settled()
  expect(errors).toHaveLength(2)
  expect(timers.size).toBe(1)
  leave()
  expect(timers.size).toBe(0)
})

it('with other processes, reads an asset anew for each who asks, and keeps nothing', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store }, { isShared: () => true })
  const first = board.find('f')
  store.commit(1)
  const second = board.find('f')
  await store.endAll()
  expect([versionOf(await first), versionOf(await second)]).toEqual([0, 1])
  expect(board.peek('f')).toBeUndefined()
  store.commit(2)
  const third = board.find('f')
  await store.endAll()
  expect(versionOf(await third)).toBe(2)
  expect(store.reads()).toBe(3)
})

it('with other processes, tells no listener an older state after a newer one was found', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store }, { isShared: () => true })
  const told: number[] = []
  board.watch('f', (news) => told.push(news.what === 'changed' ? versionOf(news.snapshot) : -1))
  store.commit(1)
  board.invalidate('f')
  // The notice of this commit is still under way.
  store.commit(2)
  const found = board.find('f')
  store.end(1)
  expect(versionOf(await found)).toBe(2)
  await store.endAll()
  expect(told).toEqual([2])
})

it('with other processes, reads what is watched again when it is refreshed, and nothing else', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store }, { isShared: () => true })
  board.refresh()
  expect(store.reads()).toBe(0)
  const told: number[] = []
  const leave = board.watch('f', (news) => told.push(news.what === 'changed' ? versionOf(news.snapshot) : -1))
  for (const version of [1, 1, 2]) {
    store.commit(version)
    board.refresh()
    await store.endAll()
  }
  expect(told).toEqual([1, 2])
  expect(store.reads()).toBe(3)
  leave()
  board.refresh()
  expect(store.reads()).toBe(3)
})

it('does not read an asset a second time while it is being read, however often it is refreshed', async () => {
  const store = slowStore()
  const board = createStatusBoard({ store }, { isShared: () => true })
  const told: number[] = []
  board.watch('f', (news) => told.push(news.what === 'changed' ? versionOf(news.snapshot) : -1))
  board.refresh()
  store.commit(1)
  for (let count = 0; count < 3; count += 1) board.refresh()
  expect(store.reads()).toBe(1)
  await store.endAll()
  board.refresh()
  await store.endAll()
  expect(told).toEqual([0, 1])
  expect(store.reads()).toBe(2)
})
