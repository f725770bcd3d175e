import { expect, it } from 'vitest'
import { createSnapshotCache } from '../../../src/tracking/snapshot-cache.ts'
import type { StatusSnapshot } from '../../../src/tracking/status-snapshot.ts'

const MAX_BYTES = 20_000

const snapshotOf = (fileId: string): StatusSnapshot => ({
  fileId,
  body: 'x'.repeat(100),
  etag: '"e"',
  isPending: false,
})

function fullCache() {
  const cache = createSnapshotCache(MAX_BYTES)
  const offered = Array.from({ length: 100 }, (_, index) => `f${index}`)
  for (const fileId of offered) cache.set(fileId, snapshotOf(fileId))
  const kept = () => offered.filter((fileId) => cache.get(fileId) !== undefined)
  return { cache, kept }
}

it('keeps each one at once while there is room', () => {
  const { kept } = fullCache()
  expect(kept()).toEqual(Array.from({ length: kept().length }, (_, index) => `f${index}`))
  expect(kept().length).toBeGreaterThan(20)
})

it('once full, keeps what comes a second time, and lets go what was not asked for the longest', () => {
  const { cache, kept } = fullCache()
  const before = kept()
  cache.set('new', snapshotOf('new'))
  expect(cache.get('new')).toBeUndefined()
  cache.set('new', snapshotOf('new'))
  expect(cache.get('new')).toEqual(snapshotOf('new'))
  expect(kept()).toEqual(before.slice(1))
})

it('keeps no more bytes than it may, whatever comes how often', () => {
  const { cache, kept } = fullCache()
  const most = kept().length
  const others = Array.from({ length: 100 }, (_, index) => `other${index}`)
  for (const fileId of [...others, ...others, ...others]) cache.set(fileId, snapshotOf(fileId))
  const keptOthers = others.filter((fileId) => cache.get(fileId) !== undefined)
  expect(kept().length + keptOthers.length).toBe(most)
  expect(keptOthers.length).toBeGreaterThan(0)
})

it('has nothing that was taken out, full or not', () => {
  const { cache, kept } = fullCache()
  const [first = ''] = kept()
  cache.delete(first)
  expect(cache.get(first)).toBeUndefined()
})
