/** At most `limit` numbers below `before`, the greatest first. */
export type Source = (before: number, limit: number) => number[]

type Cursor = { read: Source; buffer: number[]; place: number; limit: number; isEnded: boolean }

const FIRST_LIMIT = 16
const MAX_LIMIT = 512

/** The numbers of all sources below `before`, each once, the greatest first. A source is read no further than needed. */
export function* mergeNewest(sources: readonly Source[], before: number): Generator<number, void> {
  const cursors = sources.map((read): Cursor => {
    return { read, buffer: [], place: 0, limit: FIRST_LIMIT, isEnded: false }
  })
  let least = before
  for (;;) {
    let greatest = -1
    for (const cursor of cursors) greatest = Math.max(greatest, peek(cursor, least))
    if (greatest < 0) return
    yield greatest
    least = greatest
  }
}

/** The greatest number of a source below `before`; -1 where there is none. */
function peek(cursor: Cursor, before: number): number {
  for (;;) {
    const next = cursor.buffer[cursor.place]
    if (next !== undefined && next < before) return next
    if (next !== undefined) {
      cursor.place += 1
      continue
    }
    if (cursor.isEnded) return -1
    cursor.buffer = cursor.read(before, cursor.limit)
    cursor.place = 0
    cursor.isEnded = cursor.buffer.length < cursor.limit
    // What is read from often is read from in larger pieces.
    cursor.limit = Math.min(cursor.limit * 2, MAX_LIMIT)
  }
}
