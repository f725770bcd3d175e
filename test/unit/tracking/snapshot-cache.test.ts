import { expect, it } from 'vitest'
import { createSnapshotCache } from '../../../src/tracking/status/snapshot-cache.ts'
import type { ReadSnapshot } from '../../../src/tracking/status/status-snapshot.ts'

const MAX_BYTES = 20_000

const snapshotOf = (fileId: string): ReadSnapshot => ({
  fileId,
  body: 'x'.repeat(100),
  version: 'e',
  isPending: false,
  readNumber: 1,
})

/**
 * A cache to which a hundred snapshots were offered, more than fit. `cached` returns the ids of those that are in the cache, and reads
 * them in order, so that the first one is the least recently used.
 */
function fullCache() {
  const cache = createSnapshotCache(MAX_BYTES)
  const offered = Array.from({ length: 100 }, (_, index) => `f${index}`)
  for (const fileId of offered) cache.set(fileId, snapshotOf(fileId))
  const cached = () => offered.filter((fileId) => cache.get(fileId) !== undefined)
  return { cache, cached }
}

it('caches each snapshot the first time, while there is room', () => {
  const { cached } = fullCache()
  expect(cached()).toEqual(Array.from({ length: cached().length }, (_, index) => `f${index}`))
  expect(cached().length).toBeGreaterThan(20)
})

it('once full, caches a snapshot only from the second time on, and evicts the least recently used one', () => {
  const { cache, cached } = fullCache()
  const before = cached()
  cache.set('new', snapshotOf('new'))
  expect(cache.get('new')).toBeUndefined()
  cache.set('new', snapshotOf('new'))
  expect(cache.get('new')).toEqual(snapshotOf('new'))
  expect(cached()).toEqual(before.slice(1))
})

it('never exceeds its maximum size, however many snapshots are offered', () => {
  const { cache, cached } = fullCache()
  const capacity = cached().length
  const others = Array.from({ length: 100 }, (_, index) => `other${index}`)
  for (const fileId of [...others, ...others, ...others]) cache.set(fileId, snapshotOf(fileId))
  const cachedOthers = others.filter((fileId) => cache.get(fileId) !== undefined)
  expect(cached().length + cachedOthers.length).toBe(capacity)
  expect(cachedOthers.length).toBeGreaterThan(0)
})

it('does not return what was deleted', () => {
  const { cache, cached } = fullCache()
  const [first = ''] = cached()
  cache.delete(first)
  expect(cache.get(first)).toBeUndefined()
})
