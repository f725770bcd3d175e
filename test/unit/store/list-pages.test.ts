import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatId } from '../../../src/domain/ids.ts'
import {
  cutPage,
  type ListNumbers,
  type ReadWindow,
  readList,
  readWindows,
  type Window,
} from '../../../src/store/list-pages.ts'
import { runSync, waitFor } from '../../../src/store/transaction-work.ts'

const SPAN = 20_000

/** A table of these numbers. Records the windows that are read; from the `delayedFrom`-th on, each takes `delay` milliseconds. */
function aTable(numbers: readonly number[], { delay = 0, delayedFrom = 0, isWindowed = true } = {}) {
  const newest = numbers.toSorted((one, other) => other - one)
  const windows: (Window & { limit: number })[] = []
  const source = {
    isWindowed,
    numberOf: (row: { n: number }) => row.n,
    read({ from, before }: Window, limit: number) {
      const until = performance.now() + (windows.length < delayedFrom ? 0 : delay)
      windows.push({ from, before, limit })
      while (performance.now() < until);
      const found = newest.filter((n) => n >= from && n < before).slice(0, limit)
      return found.map((n) => ({ n }))
    },
  }
  return { windows, source }
}

const numbersOf = (rows: readonly { n: number }[]) => rows.map(({ n }) => n)

/** Reads page after page. Fails if a page makes no progress. */
async function readAll(table: ReturnType<typeof aTable>, { from, before }: Window, limit: number) {
  const pages: number[][] = []
  for (let end: number | null = before; end !== null; ) {
    const { rows, next }: { rows: { n: number }[]; next: number | null } = await readWindows(
      { from, before: end },
      limit,
      table.source,
    )
    pages.push(numbersOf(rows))
    if (next !== null) expect(next).toBeLessThan(end)
    end = next
  }
  return pages
}

describe('windows', () => {
  test('contain every row exactly once, newest first, for pages of any size and gaps of any width', async () => {
    const gap = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
      { weight: 2, arbitrary: fc.integer({ min: 5, max: 3 * SPAN }) },
      { weight: 1, arbitrary: fc.constantFrom(SPAN - 1, SPAN, SPAN + 1, 2 * SPAN) },
    )
    const numbers = fc.array(gap, { maxLength: 60 }).map((gaps) => {
      let last = 0
      return gaps.map((width) => {
        last += width
        return last
      })
    })
    const edge = fc.oneof(fc.constant(null), fc.nat(4 * SPAN))
    await fc.assert(
      fc.asyncProperty(
        numbers,
        fc.integer({ min: 1, max: 70 }),
        edge,
        edge,
        fc.boolean(),
        async (all, limit, least, end, isWindowed) => {
          const window = { from: least ?? 1, before: end ?? (all.at(-1) ?? 0) + 1 }
          const expected = all.filter((n) => n >= window.from && n < window.before).toReversed()
          const pages = await readAll(aTable(all, { isWindowed }), window, limit)
          expect(pages.flat()).toEqual(expected)
          // Nothing takes long here, so only the last page may be short.
          for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit)
          expect(pages.length).toBe(Math.max(1, Math.ceil(expected.length / limit)))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('follow one another without overlap or gap, and end once the page is full', async () => {
    const numbers = Array.from({ length: 100 }, (_, index) => (index + 1) * 10_000)
    const { windows, source } = aTable(numbers)
    await readWindows({ from: 1, before: 1_000_001 }, 60, source)
    expect(windows[0]?.before).toBe(1_000_001)
    for (const [index, { from }] of windows.slice(0, -1).entries())
      expect(windows[index + 1]?.before).toBe(from)
    const found = (from: number) => numbers.filter((n) => n >= from).length
    expect(found(windows.at(-1)?.from ?? 0)).toBeGreaterThan(60)
    expect(found(windows.at(-1)?.before ?? 0)).toBeLessThanOrEqual(60)
    expect(windows.map(({ limit }) => limit)).toEqual(windows.map(({ before }) => 61 - found(before)))
  })

  test('widen if they are read fast, up to 160,000 numbers', async () => {
    const { windows, source } = aTable([5])
    await readWindows({ from: 1, before: 4_000_001 }, 2, source)
    const widths = windows.slice(0, -1).map(({ from, before }) => before - from)
    expect(widths[0]).toBe(5_000)
    expect(Math.max(...widths)).toBe(160_000)
  })

  test('narrow if they are read slowly, down to 5,000 numbers', async () => {
    const { windows, source } = aTable([5], { delay: 80, delayedFrom: 4 })
    await readWindows({ from: 1, before: 1_000_001 }, 2, source)
    const widths = windows.map(({ from, before }) => before - from)
    expect(Math.max(...widths)).toBeGreaterThan(5_000)
    expect(widths.at(-1)).toBe(5_000)
  })

  test('are a single one if everything can be read at once', async () => {
    const { windows, source } = aTable([7, 90_000], { isWindowed: false })
    const { rows, next } = await readWindows({ from: 3, before: 90_001 }, 5, source)
    expect([numbersOf(rows), next]).toEqual([[90_000, 7], null])
    expect(windows).toEqual([{ from: 3, before: 90_001, limit: 6 }])
  })

  test.each([
    ['without a row', []],
    ['without a number in it', [5]],
  ])('%s have one page, which is empty and the last', async (_, numbers) => {
    const window = numbers.length === 0 ? { from: 1, before: 100_000 } : { from: 9, before: 9 }
    const { source } = aTable(numbers)
    expect(await readWindows(window, 10, source)).toEqual({ rows: [], next: null })
  })
})

describe('a slow page', () => {
  test('ends after 300 ms with the rows found so far, and the next one starts where it stopped', async () => {
    const numbers = [999_000, 700_000, 300_000, 5]
    const table = aTable(numbers, { delay: 20 })
    const startedAt = performance.now()
    const first = await readWindows({ from: 1, before: 1_000_000 }, 4, table.source)
    expect(performance.now() - startedAt).toBeGreaterThan(300)
    // 300 ms are 15 windows of 20 ms, and the page ends after one more at most.
    expect(table.windows.length).toBeLessThanOrEqual(16)
    const { rows, next } = first
    const end = table.windows.at(-1)?.from ?? 0
    expect(next).toBe(end)
    expect(numbersOf(rows)).toEqual(numbers.filter((n) => n >= end))
    const rest = await readAll(aTable(numbers), { from: 1, before: end }, 4)
    expect([...numbersOf(rows), ...rest.flat()]).toEqual(numbers)
  })

  test('may be empty and still be followed by another page', async () => {
    const { source } = aTable([5], { delay: 40 })
    const { rows, next } = await readWindows({ from: 1, before: 1_000_000 }, 4, source)
    expect(rows).toEqual([])
    expect(next).toBeGreaterThan(5)
  })

  test('is complete if its last window reaches the end of the list, however long that takes', async () => {
    const { windows, source } = aTable([5], { delay: 310 })
    expect(await readWindows({ from: 1, before: 100 }, 4, source)).toEqual({ rows: [{ n: 5 }], next: null })
    expect(windows).toHaveLength(1)
  })

  test('yields to the event loop while it reads', async () => {
    const { source } = aTable([5], { delay: 10 })
    let timerCalls = 0
    const timer = setInterval(() => {
      timerCalls += 1
    }, 1)
    await readWindows({ from: 1, before: 60_000 }, 4, source)
    clearInterval(timer)
    expect(timerCalls).toBeGreaterThan(5)
  })
})

describe('a list of several branches', () => {
  const idOf = (n: number) => formatId('run', n, 'AAAAAAAAAAA')
  const branch =
    (...numbers: number[]): ReadWindow<{ id: string }> =>
    ({ from, before }, limit) => {
      const found = numbers.filter((n) => n >= from && n < before).slice(0, limit)
      return found.map((n) => ({ id: idOf(n) }))
    }
  const bounds: ListNumbers = {
    findLast: () => waitFor(30_000),
    findBounds: () => waitFor({ from: 5, before: 26_000 }),
  }
  const anyTime = { since: null, until: null }
  const read = (
    branches: ReadWindow<{ id: string }>[],
    page: { limit: number; before: number | null },
    times: { since: number | null; until: number | null } = anyTime,
    numbers = bounds,
  ) =>
    readList(async (work) => runSync(work(numbers)), times, page, {
      branches,
      idOf: ({ id }) => id,
      isWindowed: true,
    })

  test('contains the rows of each branch once, newest first, page after page', async () => {
    const branches = [branch(29_000, 25_000, 7), branch(30_000, 29_000, 25_000, 6, 4)]
    const first = await read(branches, { limit: 3, before: null })
    expect(first).toEqual({ rows: [30_000, 29_000, 25_000].map((n) => ({ id: idOf(n) })), next: 25_000 })
    expect(await read(branches, { limit: 3, before: first.next })).toEqual({
      rows: [7, 6, 4].map((n) => ({ id: idOf(n) })),
      next: null,
    })
  })

  test('is read within the numbers of the hours of its time range', async () => {
    const requestedHours: number[][] = []
    const numbers: ListNumbers = {
      ...bounds,
      findBounds(...hours) {
        requestedHours.push(hours)
        return bounds.findBounds(...hours)
      },
    }
    const times = { since: 3_600_000, until: 7_200_000 }
    const branches = [branch(26_000, 25_999, 5, 4)]
    const found = await read(branches, { limit: 9, before: null }, times, numbers)
    expect(found).toEqual({ rows: [{ id: idOf(25_999) }, { id: idOf(5) }], next: null })
    expect(requestedHours).toEqual([[1, 1]])
  })

  test('is empty if those hours have no numbers', async () => {
    const numbers: ListNumbers = { ...bounds, findBounds: () => waitFor(undefined) }
    const times = { since: 1, until: null }
    expect(await read([branch(7)], { limit: 9, before: null }, times, numbers)).toEqual({
      rows: [],
      next: null,
    })
  })
})

test('a page ends at its limit, and the next begins before its last row, if there is one more', () => {
  const numberOf = (n: number) => n
  expect(cutPage([9, 7, 4], 2, numberOf)).toEqual({ rows: [9, 7], next: 7 })
  expect(cutPage([9, 7], 2, numberOf)).toEqual({ rows: [9, 7], next: null })
  expect(cutPage([], 2, numberOf)).toEqual({ rows: [], next: null })
})
