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

/** The width of the second window if reading takes no time. Gaps of about this width test the edges of windows. */
const SPAN = 20_000

/**
 * A table with rows of these numbers. Records the windows that are read. The time of `clock` passes only during reads: the first
 * `fastReads` take none, each later one takes `delay` milliseconds.
 */
function aTable(numbers: readonly number[], { delay = 0, fastReads = 0, isWindowed = true } = {}) {
  const newestFirst = numbers.toSorted((one, other) => other - one)
  const windows: (Window & { limit: number })[] = []
  let time = 0
  const source = {
    isWindowed,
    numberOf: (row: { n: number }) => row.n,
    read({ from, before }: Window, limit: number) {
      if (windows.length >= fastReads) time += delay
      windows.push({ from, before, limit })
      const found = newestFirst.filter((n) => n >= from && n < before).slice(0, limit)
      return found.map((n) => ({ n }))
    },
  }
  const clock = () => time
  const readPage = (window: Window, limit: number) => readWindows(window, limit, source, clock)
  return { windows, source, clock, readPage }
}

const numbersOf = (rows: readonly { n: number }[]) => rows.map(({ n }) => n)
const widthOf = ({ from, before }: Window) => before - from

/**
 * Reads all pages of the window, and returns the row numbers of each. Fails unless each page ends at a lower number than the
 * previous one.
 */
async function readAll(table: ReturnType<typeof aTable>, { from, before }: Window, limit: number) {
  const pages: number[][] = []
  for (let end: number | null = before; end !== null; ) {
    const { rows, next }: Awaited<ReturnType<typeof table.readPage>> = await table.readPage(
      { from, before: end },
      limit,
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
          // No read takes any time, so only the last page may be short.
          for (const page of pages.slice(0, -1)) expect(page).toHaveLength(limit)
          expect(pages.length).toBe(Math.max(1, Math.ceil(expected.length / limit)))
        },
      ),
      { numRuns: 300 },
    )
  })

  test('follow one another without overlap or gap, and end once the page is full', async () => {
    const numbers = Array.from({ length: 100 }, (_, index) => (index + 1) * 10_000)
    const { windows, readPage } = aTable(numbers)
    await readPage({ from: 1, before: 1_000_001 }, 60)
    expect(windows[0]?.before).toBe(1_000_001)
    for (const [index, { from }] of windows.slice(0, -1).entries())
      expect(windows[index + 1]?.before).toBe(from)
    const countFrom = (from: number) => numbers.filter((n) => n >= from).length
    expect(countFrom(windows.at(-1)?.from ?? 0)).toBeGreaterThan(60)
    expect(countFrom(windows.at(-1)?.before ?? 0)).toBeLessThanOrEqual(60)
    // From each window, only the rows that the page still needs are read, and one more, which shows whether another page follows.
    expect(windows.map(({ limit }) => limit)).toEqual(windows.map(({ before }) => 61 - countFrom(before)))
  })

  test('widen if they are read fast, up to 160,000 numbers', async () => {
    const { windows, readPage } = aTable([5])
    await readPage({ from: 1, before: 500_001 }, 2)
    expect(windows.map(widthOf)).toEqual([5_000, 20_000, 80_000, 160_000, 160_000, 75_000])
  })

  test('narrow if they are read slowly, down to 5,000 numbers', async () => {
    const { windows, readPage } = aTable([5], { delay: 80, fastReads: 4 })
    await readPage({ from: 1, before: 1_000_001 }, 2)
    // The page ends after four slow reads, because 320 ms have passed.
    expect(windows.slice(4).map(widthOf)).toEqual([160_000, 16_000, 5_000, 5_000])
  })

  test('are replaced by one read of the whole range if everything can be read at once', async () => {
    const { windows, readPage } = aTable([7, 90_000], { isWindowed: false })
    const { rows, next } = await readPage({ from: 3, before: 90_001 }, 5)
    expect([numbersOf(rows), next]).toEqual([[90_000, 7], null])
    expect(windows).toEqual([{ from: 3, before: 90_001, limit: 6 }])
  })

  test.each([
    ['the table has no rows', [], { from: 1, before: 100_000 }],
    ['the range contains no number', [5], { from: 9, before: 9 }],
  ])('make up one empty page, which is the last, if %s', async (_, numbers, range) => {
    const { readPage } = aTable(numbers)
    expect(await readPage(range, 10)).toEqual({ rows: [], next: null })
  })
})

describe('a slow page', () => {
  test('ends after 300 ms with the rows found so far, and the next one starts where it stopped', async () => {
    const numbers = [999_000, 700_000, 300_000, 5]
    const table = aTable(numbers, { delay: 20 })
    const { rows, next } = await table.readPage({ from: 1, before: 1_000_000 }, 4)
    // After 15 windows of 20 ms the 300 ms are not exceeded yet.
    expect(table.windows).toHaveLength(16)
    const end = table.windows.at(-1)?.from ?? 0
    expect(next).toBe(end)
    expect(numbersOf(rows)).toEqual(numbers.filter((n) => n >= end))
    const rest = await readAll(aTable(numbers), { from: 1, before: end }, 4)
    expect([...numbersOf(rows), ...rest.flat()]).toEqual(numbers)
  })

  test('may be empty and still be followed by another page', async () => {
    const { readPage } = aTable([5], { delay: 40 })
    // It ends after 8 windows of 5,000 numbers, 320 ms in all.
    expect(await readPage({ from: 1, before: 1_000_000 }, 4)).toEqual({ rows: [], next: 960_000 })
  })

  test('is complete if its last window reaches the end of the list, however long that takes', async () => {
    const { windows, readPage } = aTable([5], { delay: 310 })
    expect(await readPage({ from: 1, before: 100 }, 4)).toEqual({ rows: [{ n: 5 }], next: null })
    expect(windows).toHaveLength(1)
  })

  test('yields to the event loop after each window that takes more than 4 ms', async () => {
    const { source, clock } = aTable([5], { delay: 10 })
    let iteration = 0
    const countIteration = () => {
      iteration += 1
      counting = setImmediate(countIteration)
    }
    let counting = setImmediate(countIteration)
    const iterations: number[] = []
    const read: typeof source.read = (...args) => {
      iterations.push(iteration)
      return source.read(...args)
    }
    await readWindows({ from: 1, before: 60_000 }, 4, { ...source, read }, clock)
    clearImmediate(counting)
    expect(iterations).toHaveLength(12)
    // Each window is read in its own iteration of the event loop.
    expect(new Set(iterations).size).toBe(12)
  })
})

describe('a list of several branches', () => {
  const idOf = (n: number) => formatId('run', n, 'AAAAAAAAAAA')
  /** A branch with rows of these numbers, which must be in descending order. */
  const branch =
    (...numbers: number[]): ReadWindow<{ id: string }> =>
    ({ from, before }, limit) => {
      const found = numbers.filter((n) => n >= from && n < before).slice(0, limit)
      return found.map((n) => ({ id: idOf(n) }))
    }
  const listNumbers: ListNumbers = {
    findLast: () => waitFor(30_000),
    findBounds: () => waitFor({ from: 5, before: 26_000 }),
  }
  const anyTime = { since: null, until: null }
  const read = (
    branches: ReadWindow<{ id: string }>[],
    page: { limit: number; before: number | null },
    times: { since: number | null; until: number | null } = anyTime,
    numbers = listNumbers,
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

  test('is limited to the range of row numbers of the hours in its time range', async () => {
    const requestedHours: number[][] = []
    const numbers: ListNumbers = {
      ...listNumbers,
      findBounds(...hours) {
        requestedHours.push(hours)
        return listNumbers.findBounds(...hours)
      },
    }
    const times = { since: 3_600_000, until: 7_200_000 }
    const branches = [branch(26_000, 25_999, 5, 4)]
    const found = await read(branches, { limit: 9, before: null }, times, numbers)
    expect(found).toEqual({ rows: [{ id: idOf(25_999) }, { id: idOf(5) }], next: null })
    // `until` is exclusive, so the hour that begins then is not included.
    expect(requestedHours).toEqual([[1, 1]])
  })

  test('is empty if the hours of its time range have no row numbers', async () => {
    const numbers: ListNumbers = { ...listNumbers, findBounds: () => waitFor(undefined) }
    const times = { since: 1, until: null }
    expect(await read([branch(7)], { limit: 9, before: null }, times, numbers)).toEqual({
      rows: [],
      next: null,
    })
  })
})

test('a page ends at its limit; `next` is the number of its last row, or null if there are no more rows', () => {
  const numberOf = (n: number) => n
  expect(cutPage([9, 7, 4], 2, numberOf)).toEqual({ rows: [9, 7], next: 7 })
  expect(cutPage([9, 7], 2, numberOf)).toEqual({ rows: [9, 7], next: null })
  expect(cutPage([], 2, numberOf)).toEqual({ rows: [], next: null })
})
