import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { numberOf } from '../domain/ids.ts'
import { hourOf } from '../domain/stat-counters.ts'
import type { Awaitable, RunReads, Work } from './transaction-work.ts'

/** The row numbers from `from` (inclusive) to `before` (exclusive). */
export type Window = { from: number; before: number }

/** `before`: the page has only rows with lower numbers; null for the first page. */
export type Page = { limit: number; before: number | null }

/** Reads at most `limit` rows of a window, newest first. */
export type ReadWindow<Row> = (window: Window, limit: number) => Awaitable<Row[]>

/** The row numbers of a list. */
export type ListNumbers = {
  /** The greatest row number; 0 without rows. */
  findLast: () => Work<number>
  /** A range that includes the numbers of all rows from `firstHour` to `lastHour`, both included; undefined if there are none. */
  findBounds: (firstHour: number, lastHour: number) => Work<Window | undefined>
}

/**
 * How many row numbers one statement scans. The first window is the smallest. Each next one is as large as can be read in
 * `WINDOW_MS` at the speed of the previous one, so that webhooks do not wait long for a list.
 */
const MIN_WINDOW = 5_000
const MAX_WINDOW = 160_000
const WINDOW_MS = 8

/** The time after which reading yields to the event loop. */
const YIELD_AFTER_MS = 4

/** The time after which a page ends, even if it is not full. */
const PAGE_MS = 300

/**
 * Reads a page of the merged results of several branches (`list-branches.ts`), within a filter's time range. A row that two
 * branches find is listed once.
 */
export async function readList<Row>(
  read: RunReads<ListNumbers>,
  { since, until }: { since: number | null; until: number | null },
  { limit, before }: Page,
  list: { branches: readonly ReadWindow<Row>[]; idOf: (row: Row) => string; isWindowed: boolean },
): Promise<{ rows: Row[]; next: number | null }> {
  const bounds =
    since === null && until === null
      ? { from: 1, before: (await read((numbers) => numbers.findLast())) + 1 }
      : await read((numbers) =>
          numbers.findBounds(
            since === null ? Number.MIN_SAFE_INTEGER : hourOf(since),
            until === null ? Number.MAX_SAFE_INTEGER : hourOf(until - 1),
          ),
        )
  if (bounds === undefined) return { rows: [], next: null }
  const { branches, idOf, isWindowed } = list
  const window = { from: bounds.from, before: Math.min(bounds.before, before ?? bounds.before) }
  const numberOfRow = (row: Row) => numberOf(idOf(row))
  return readWindows(window, limit, {
    isWindowed,
    numberOf: numberOfRow,
    async read(part, limit) {
      const found = new Map<string, Row>()
      for (const branch of branches) for (const row of await branch(part, limit)) found.set(idOf(row), row)
      return [...found.values()]
        .toSorted((one, other) => numberOfRow(other) - numberOfRow(one))
        .slice(0, limit)
    },
  })
}

/**
 * Reads a list window by window, newest first, until a page is full. `next` starts the next page; null at the end. If a page
 * takes too long, it is shorter than its limit, or empty, and still has a `next`.
 */
export async function readWindows<Row>(
  { from, before }: Window,
  limit: number,
  source: {
    read: ReadWindow<Row>
    numberOf: (row: Row) => number
    /** False if everything can be read at once. */
    isWindowed: boolean
  },
  /** A monotonic clock, in milliseconds. */
  clock: () => number = () => performance.now(),
): Promise<{ rows: Row[]; next: number | null }> {
  const rows: Row[] = []
  const startedAt = clock()
  let yieldedAt = startedAt
  let readAt = startedAt
  let width = MIN_WINDOW
  for (let end = before; end > from; ) {
    const start = source.isWindowed ? Math.max(from, end - width) : from
    rows.push(...(await source.read({ from: start, before: end }, limit + 1 - rows.length)))
    const last = rows[limit - 1]
    if (rows.length > limit && last !== undefined)
      return { rows: rows.slice(0, limit), next: source.numberOf(last) }
    end = start
    const now = clock()
    if (end > from && now - startedAt > PAGE_MS) return { rows, next: end }
    width = nextWidth(width, now - readAt)
    if (now - yieldedAt > YIELD_AFTER_MS) {
      await yieldToEventLoop()
      yieldedAt = clock()
    }
    readAt = clock()
  }
  return { rows, next: null }
}

/** The width of the next window, based on how long the last one took: at most four times as wide. */
function nextWidth(width: number, tookMs: number): number {
  const fitting = Math.floor(width * Math.min(4, WINDOW_MS / tookMs))
  return Math.max(MIN_WINDOW, Math.min(fitting, MAX_WINDOW))
}

/** A page of the first `limit` rows. The caller reads one row more, which shows whether there is a `next` page. */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  numberOfRow: (row: Row) => number,
): { rows: Row[]; next: number | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > limit && last !== undefined ? numberOfRow(last) : null }
}
