import { expect, test } from 'vitest'
import { searchBatches, searchQuery } from '../../../src/imagekit/search-batches.ts'

const bytesOf = (batch: string[]) => searchQuery(batch).length

test("a hundred of ImageKit's own ids fit into one search", () => {
  const ids = Array.from({ length: 101 }, (_, index) => `5effaa5662679b5af2c${10_000 + index}`)
  expect(searchBatches(ids)).toEqual([ids.slice(0, 100), ids.slice(100)])
})

test('no search of several ids has a query of more than 4 KiB, and no id is left out', () => {
  const ids = Array.from({ length: 60 }, (_, index) => `${'€'.repeat(index * 4)}"${index}`)
  const batches = searchBatches(ids)
  expect(batches.flat()).toEqual(ids)
  for (const batch of batches) expect(batch.length === 1 || bytesOf(batch) <= 4096).toBe(true)
  // The first id of each search would not have fitted into the search before it.
  for (const [index, batch] of batches.slice(1).entries())
    expect(bytesOf([...(batches[index] ?? []), ...batch.slice(0, 1)])).toBeGreaterThan(4096)
})

test('without ids there is no search', () => {
  expect(searchBatches([])).toEqual([])
})
