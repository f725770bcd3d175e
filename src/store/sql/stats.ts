import {
  countsOf,
  type HourBounds,
  NOW,
  type StatCounter,
  type StatCounts,
} from '../../domain/stat-counters.ts'
import type { CounterRows } from '../fold-counters.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import type { Statements } from './statements.ts'

/** The counters: those that were added up, and deltas that were not yet. */
export function createStats({ rows, run, inNumbers, countersOfDelta }: Statements): CounterRows & {
  readStats: (from: number, until: number) => Work<StatCounts>
} {
  // One statement, or what is folded meanwhile would be counted twice, or not at all. A database's own functions for the JSON of
  // each counter took ten times as long.
  const list = rows<[...StatCounter, counters: string | null]>(
    `SELECT CASE kind WHEN 'settled' THEN hour ELSE 0 END AS at, kind, name, value, sum(size), NULL FROM counters
      WHERE hour = ? OR (hour >= ? AND hour < ?) GROUP BY at, kind, name, value
      UNION ALL SELECT 0, '', '', '', 0, ${countersOfDelta} FROM counter_deltas`,
  )
  const listDeltas = rows<[n: number, delta: string]>(
    'SELECT n, delta FROM counter_deltas ORDER BY n LIMIT ?',
  )
  const add = run(
    `INSERT INTO counters (hour, kind, name, value, size) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (hour, kind, name, value) DO UPDATE SET size = counters.size + excluded.size`,
  )
  const deleteEmpty = run(
    'DELETE FROM counters WHERE hour = ? AND kind = ? AND name = ? AND value = ? AND size = 0',
  )
  const widened = (column: string, isWider: '<' | '>') =>
    `${column} = CASE WHEN hours.${column} IS NULL OR excluded.${column} ${isWider} hours.${column}
      THEN excluded.${column} ELSE hours.${column} END`
  const widen = run(
    `INSERT INTO hours (hour, run_least, run_greatest, delivery_least, delivery_greatest) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (hour) DO UPDATE SET ${widened('run_least', '<')}, ${widened('run_greatest', '>')},
        ${widened('delivery_least', '<')}, ${widened('delivery_greatest', '>')}`,
  )
  const deleteDeltas = run(`DELETE FROM counter_deltas WHERE n ${inNumbers}`)

  return {
    *readStats(from, until) {
      const counters: StatCounter[] = []
      const deltas: string[] = []
      for (const [hour, kind, name, value, size, delta] of yield* waitFor(list(NOW, from, until)))
        if (delta === null) counters.push([hour, kind, name, value, size])
        else deltas.push(delta)
      return countsOf(counters, deltas, { from, until })
    },
    listDeltas: (limit) => waitFor(listDeltas(limit)),
    *addCounters(counters) {
      for (const [hour, kind, name, counted, size] of counters) {
        yield* waitFor(add(hour, kind, name, counted, size))
        yield* waitFor(deleteEmpty(hour, kind, name, counted))
      }
    },
    *widenHours(hours: readonly HourBounds[]) {
      for (const bounds of hours) yield* waitFor(widen(...bounds))
    },
    deleteDeltas: (numbers) => waitFor(deleteDeltas(JSON.stringify(numbers))),
  }
}
