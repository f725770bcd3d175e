import { expect, it } from 'vitest'
import { createStatusCache } from '../../../src/tracking/status/status-cache.ts'
import { createSlowStore, tickEnds, versionOf } from './slow-store.ts'

it('reads an asset once for all concurrent requests', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store })
  const finds = [statuses.find('f'), statuses.find('f'), statuses.find('f')]
  await store.endAll()
  const [first, ...others] = await Promise.all(finds)
  for (const other of others) expect(other).toBe(first)
  expect(await statuses.find('f')).toBe(first)
  expect(store.readsBegun()).toBe(1)
})

it('returns the newer status if the asset changed during the read', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store })
  const find = statuses.find('f')
  store.commit(1)
  statuses.invalidate('f')
  await store.endAll()
  expect(versionOf(await find)).toBe(1)
  expect(versionOf(await statuses.find('f'))).toBe(1)
})

it('does not read a changed asset that has no listeners', () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store })
  statuses.watch('other', () => {})
  statuses.invalidate('f')
  expect(store.readsBegun()).toBe(0)
})

it('passes the same snapshot to all listeners of a change', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store })
  const events: unknown[] = []
  statuses.watch('f', (event) => events.push(event))
  statuses.watch('f', (event) => events.push(event))
  const unwatch = statuses.watch('f', () => events.push('unwatched'))
  unwatch()
  unwatch()
  expect(statuses.listenerCount()).toBe(2)
  statuses.invalidate('f')
  await store.endAll()
  expect(events).toEqual([{ kind: 'changed', snapshot: await statuses.find('f') }, events[0]])
  expect(events[1]).toBe(events[0])
})

it('does not notify listeners of an unchanged status', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store })
  const events: unknown[] = []
  statuses.watch('f', (event) => events.push(event))
  for (const version of [1, 1, 2, 2, 1]) {
    store.commit(version)
    statuses.invalidate('f')
    await store.endAll()
  }
  expect(events).toHaveLength(3)
})

it('never exceeds its size', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { cacheBytes: 20_000 })
  const names = Array.from({ length: 200 }, (_, index) => `f${index}`)
  for (const name of names) {
    const find = statuses.find(name)
    await store.endAll()
    await find
  }
  const before = store.readsBegun()
  const again = Promise.all(names.map((name) => statuses.find(name)))
  await store.endAll()
  await again
  const cached = names.length - (store.readsBegun() - before)
  expect(cached).toBeGreaterThan(0)
  // Each status takes more than 400 bytes.
  expect(cached).toBeLessThan(20_000 / 400)
})

it('reports and retries a failed read while there are listeners, and stops without them', async () => {
  const timers = new Set<() => void>()
  const errors: unknown[] = []
  const failure = new Error('locked')
  const statuses = createStatusCache(
    { store: { findAsset: () => Promise.reject(failure) } },
    {
      startTimer: (_ms, task) => {
        timers.add(task)
        return () => timers.delete(task)
      },
      onLoadError: (error, fileId) => errors.push([error, fileId]),
    },
  )
  const unwatch = statuses.watch('f', () => {})
  statuses.invalidate('f')
  await tickEnds()
  expect(errors).toEqual([[failure, 'f']])
  for (const task of timers) task()
  await tickEnds()
  expect(errors).toHaveLength(2)
  expect(timers.size).toBe(1)
  unwatch()
  expect(timers.size).toBe(0)
})

it('with other processes, reads the asset for each request, and caches nothing', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  const first = statuses.find('f')
  store.commit(1)
  const second = statuses.find('f')
  await store.endAll()
  expect([versionOf(await first), versionOf(await second)]).toEqual([0, 1])
  expect(statuses.peek('f')).toBeUndefined()
  store.commit(2)
  const third = statuses.find('f')
  await store.endAll()
  expect(versionOf(await third)).toBe(2)
  expect(store.readsBegun()).toBe(3)
})

it('with other processes, passes no older status to a listener after a newer one was read', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  const versions: number[] = []
  statuses.watch('f', (event) => versions.push(event.kind === 'changed' ? versionOf(event.snapshot) : -1))
  store.commit(1)
  statuses.invalidate('f')
  // The notice of this commit has not arrived yet.
  store.commit(2)
  const found = statuses.find('f')
  store.end(1)
  expect(versionOf(await found)).toBe(2)
  await store.endAll()
  expect(versions).toEqual([2])
})

it('with other processes, a refresh reads only watched assets again', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  statuses.refresh()
  expect(store.readsBegun()).toBe(0)
  const versions: number[] = []
  const unwatch = statuses.watch('f', (event) =>
    versions.push(event.kind === 'changed' ? versionOf(event.snapshot) : -1),
  )
  for (const version of [1, 1, 2]) {
    store.commit(version)
    statuses.refresh()
    await store.endAll()
  }
  expect(versions).toEqual([1, 2])
  expect(store.readsBegun()).toBe(3)
  unwatch()
  statuses.refresh()
  expect(store.readsBegun()).toBe(3)
})

it('does not read an asset a second time during a read, however often it is refreshed', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  const versions: number[] = []
  statuses.watch('f', (event) => versions.push(event.kind === 'changed' ? versionOf(event.snapshot) : -1))
  statuses.refresh()
  store.commit(1)
  for (let count = 0; count < 3; count += 1) statuses.refresh()
  expect(store.readsBegun()).toBe(1)
  await store.endAll()
  statuses.refresh()
  await store.endAll()
  expect(versions).toEqual([0, 1])
  expect(store.readsBegun()).toBe(2)
})
