import {
  addTo,
  countStatuses,
  listSums,
  TALLY_SPANS,
  type Tally,
  type TallySpan,
  type TallySums,
} from '../../domain/tally.ts'
import type { Statements } from './statements.ts'

/**
 * What is counted of hours and of days. Those that were written last are kept in memory: to read and to sum them up again took
 * some 15 µs of each transaction. Nobody else writes them.
 */
export type HourCounts = {
  /** Inside of the transaction. */
  write(tallies: readonly Tally[]): void
  end(isCommitted: boolean): void
}

type Span = { hours: TallySpan; start: number; sums: TallySums }

const MAX_KEPT = 8

export function createHourCounts(statements: Statements): HourCounts {
  const kept = new Map<string, Span>()

  const spanOf = (hours: TallySpan, hour: number): Span => {
    const start = Math.floor(hour / hours) * hours
    const key = `${hours} ${start}`
    const known = kept.get(key)
    if (known) return known
    const sums: TallySums = new Map()
    for (const count of statements.findTally.get({ hours, start })?.counts ?? []) addTo(sums, count)
    const span = { hours, start, sums }
    kept.set(key, span)
    return span
  }
  const put = ({ hours, start, sums }: Span): void => {
    const counts = listSums(sums)
    const { success, failed, expired } = countStatuses(counts)
    if (counts.length === 0) statements.deleteTally.run({ hours, start })
    else statements.putTally.run({ hours, start, success, failed, expired, counts })
  }

  return {
    write(tallies) {
      const changed = new Set<Span>()
      for (const [hour, sums] of sumUp(tallies))
        for (const hours of TALLY_SPANS) {
          const span = spanOf(hours, hour)
          for (const count of listSums(sums)) addTo(span.sums, count)
          changed.add(span)
        }
      for (const span of changed) put(span)
    },
    end(isCommitted) {
      if (!isCommitted || kept.size > MAX_KEPT) kept.clear()
    },
  }
}

/** What happened in each hour. Most of a batch happened in the same one, and in the same way. */
function sumUp(tallies: readonly Tally[]): Map<number, TallySums> {
  const hours = new Map<number, TallySums>()
  for (const { hour, counted } of tallies) {
    const sums: TallySums = hours.get(hour) ?? new Map()
    hours.set(hour, sums)
    addTo(sums, counted)
  }
  return hours
}
