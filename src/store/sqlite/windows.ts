import { setImmediate as nextTurn } from 'node:timers/promises'

/** The numbers from `from` to before `before`. */
export type Window = { from: number; before: number }

/** What one statement reads at most, so that webhooks never wait for a list. */
const WINDOW = 20_000

/** How long windows are read one after the other before the event loop gets its turn, and how long a page may take at all. */
const TURN_MS = 4
const PAGE_MS = 300

/**
 * Reads a list window by window, the newest first, until a page is full. `read` returns at most `limit` rows of a window, the
 * newest first, and `numberOf` the number of one. `next` starts the next page; null at the end. If a page takes too long, it is
 * shorter than its limit, or empty, and still has a `next`.
 */
export async function readWindows<Row>(
  { from, before }: Window,
  limit: number,
  {
    read,
    numberOf,
    isWindowed,
  }: {
    read: (window: Window, limit: number) => Row[]
    numberOf: (row: Row) => number
    /** False: all of it can be read at once. */
    isWindowed: boolean
  },
): Promise<{ rows: Row[]; next: number | null }> {
  const rows: Row[] = []
  const startedAt = performance.now()
  let turnAt = startedAt
  for (let end = before; end > from; ) {
    const start = isWindowed ? Math.max(from, end - WINDOW) : from
    rows.push(...read({ from: start, before: end }, limit + 1 - rows.length))
    const last = rows[limit - 1]
    if (rows.length > limit && last !== undefined) return { rows: rows.slice(0, limit), next: numberOf(last) }
    end = start
    const now = performance.now()
    if (end > from && now - startedAt > PAGE_MS) return { rows, next: end }
    if (now - turnAt > TURN_MS) {
      await nextTurn()
      turnAt = performance.now()
    }
  }
  return { rows, next: null }
}
