import { expect, it } from 'vitest'
import { createStatusCache, type StatusCache } from '../../../src/tracking/status/status-cache.ts'
import { createSlowStore, revisionOf, tickEnds } from './slow-store.ts'

/** Records the revisions that a new listener is notified of; -1 for an event of another kind, which no test expects. */
function recordRevisions(statuses: StatusCache) {
  const revisions: number[] = []
  const unwatch = statuses.watch('f', (event) =>
    revisions.push(event.kind === 'changed' ? revisionOf(event.snapshot) : -1),
  )
  return { revisions, unwatch }
}

it('reads an asset once for all concurrent and later requests', async () => {
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
  expect(revisionOf(await find)).toBe(1)
  expect(revisionOf(await statuses.find('f'))).toBe(1)
})

it('keeps the most recently requested statuses, and no more than fit into its size', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { cacheBytes: 10_000 })
  const ids = Array.from({ length: 100 }, (_, index) => `f${index}`)
  for (const id of ids) {
    const found = Promise.all([statuses.find('f0'), statuses.find(id)])
    await store.endAll()
    await found
  }
  const cached = ids.filter((id) => statuses.peek(id) !== undefined)
  expect(cached.length).toBeGreaterThan(2)
  expect(cached.length).toBeLessThan(20)
  expect(cached).toEqual(['f0', ...ids.slice(1 - cached.length)])
})

it('does not read a changed asset that has no listeners', () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store })
  statuses.watch('other', () => {})
  statuses.invalidate('f')
  expect(store.readsBegun()).toBe(0)
})

it('passes the same snapshot to all listeners of a change, but not to one that was removed', async () => {
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

it('does not notify listeners again of the status that they were last notified of', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store })
  const events: unknown[] = []
  statuses.watch('f', (event) => events.push(event))
  for (const revision of [1, 1, 2, 2, 1]) {
    store.commit(revision)
    statuses.invalidate('f')
    await store.endAll()
  }
  expect(events).toHaveLength(3)
})

it('caches no more than `cacheBytes`', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { cacheBytes: 20_000 })
  const fileIds = Array.from({ length: 200 }, (_, index) => `f${index}`)
  for (const fileId of fileIds) {
    const find = statuses.find(fileId)
    await store.endAll()
    await find
  }
  const before = store.readsBegun()
  const again = Promise.all(fileIds.map((fileId) => statuses.find(fileId)))
  await store.endAll()
  await again
  const cached = fileIds.length - (store.readsBegun() - before)
  expect(cached).toBeGreaterThan(0)
  // Each status takes more than 400 bytes.
  expect(cached).toBeLessThan(20_000 / 400)
})

it('reports and retries a failed read while there are listeners, and stops when the last one is removed', async () => {
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
  expect([revisionOf(await first), revisionOf(await second)]).toEqual([0, 1])
  expect(statuses.peek('f')).toBeUndefined()
  store.commit(2)
  const third = statuses.find('f')
  await store.endAll()
  expect(revisionOf(await third)).toBe(2)
  expect(store.readsBegun()).toBe(3)
})

it('with other processes, passes no older status to a listener after a newer one was read', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  const { revisions } = recordRevisions(statuses)
  store.commit(1)
  statuses.invalidate('f')
  // The notice of this commit has not arrived yet.
  store.commit(2)
  const found = statuses.find('f')
  // The read for `find` ends before the earlier one for the listener.
  store.end(1)
  expect(revisionOf(await found)).toBe(2)
  await store.endAll()
  expect(revisions).toEqual([2])
})

it('with other processes, a refresh reads only watched assets, and does not notify again of the same status', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  statuses.refresh()
  expect(store.readsBegun()).toBe(0)
  const { revisions, unwatch } = recordRevisions(statuses)
  for (const revision of [1, 1, 2]) {
    store.commit(revision)
    statuses.refresh()
    await store.endAll()
  }
  expect(revisions).toEqual([1, 2])
  expect(store.readsBegun()).toBe(3)
  unwatch()
  statuses.refresh()
  expect(store.readsBegun()).toBe(3)
})

it('does not read an asset a second time during a read for its listeners, however often it is refreshed', async () => {
  const store = createSlowStore()
  const statuses = createStatusCache({ store }, { isShared: () => true })
  const { revisions } = recordRevisions(statuses)
  statuses.refresh()
  store.commit(1)
  for (let count = 0; count < 3; count += 1) statuses.refresh()
  expect(store.readsBegun()).toBe(1)
  await store.endAll()
  statuses.refresh()
  await store.endAll()
  expect(revisions).toEqual([0, 1])
  expect(store.readsBegun()).toBe(2)
})
