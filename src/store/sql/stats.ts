import {
  countsOf,
  NOW,
  type SettledCount,
  type StatCounter,
  type StatCounts,
  type StatDelta,
  splitHours,
} from '../../domain/stat-counters.ts'
import type { CounterRows } from '../fold-counters.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import type { Statements } from './statements.ts'

const HOURS = { table: 'counters', timeColumn: 'hour' }
const DAYS = { table: 'day_counters', timeColumn: 'day' }

/** Appends a delta, to be folded later. */
export function createAppendDelta({ run }: Statements): (delta: StatDelta) => Work<void> {
  const append = run('INSERT INTO counter_deltas (delta) VALUES (?)')
  return (delta) => waitFor(append(JSON.stringify(delta)))
}

/** The counters: the folded ones, and the deltas that are not folded yet. */
export function createStats({
  rows,
  run,
  inNumbers,
  givenRows,
  countersOfDelta,
  forUpdate,
}: Statements): CounterRows & {
  readStats: (from: number, until: number) => Work<StatCounts>
} {
  const within = ({ table, timeColumn }: typeof HOURS) =>
    `SELECT kind, extension, value, count FROM ${table}
      WHERE kind IN ('settled', 'failed', 'seconds') AND ${timeColumn} >= ? AND ${timeColumn} < ?`
  // One statement: otherwise deltas folded in between would be counted twice, or not at all. The counters of a delta are selected as
  // text, because parsing them in the database took ten times as long. In the place of the hour, sums over several hours have `NOW`, too.
  const list = rows<[...StatCounter, counters: string | null]>(
    `SELECT ${NOW}, kind, extension, value, count, NULL FROM counters WHERE kind = 'runs' AND hour = ${NOW}
      UNION ALL SELECT ${NOW}, kind, extension, value, sum(count), NULL
        FROM (${within(HOURS)} UNION ALL ${within(HOURS)} UNION ALL ${within(DAYS)}) AS counted GROUP BY kind, extension, value
      UNION ALL SELECT hour, 'settled', '', value, sum(count), NULL FROM counters
        WHERE kind = 'settled' AND hour >= ? AND hour < ? GROUP BY hour, value
      UNION ALL SELECT ${NOW}, '', '', '', 0, ${countersOfDelta} FROM counter_deltas`,
  )
  const listDeltas = rows<[n: number, delta: string]>(
    `SELECT n, delta FROM counter_deltas ORDER BY n LIMIT ?${forUpdate}`,
  )
  const createAdd = ({ table, timeColumn }: typeof HOURS) => {
    const key = `kind, ${timeColumn}, value, extension`
    const givenKey = 'c2, CAST(c1 AS BIGINT), c4, c3'
    // Without the WHERE, SQLite would parse ON CONFLICT as part of the SELECT.
    const add = run(
      `INSERT INTO ${table} (${key}, count) SELECT ${givenKey}, CAST(c5 AS BIGINT) FROM (${givenRows(5)}) AS given WHERE true
        ON CONFLICT (${key}) DO UPDATE SET count = ${table}.count + excluded.count`,
    )
    const deleteEmpty = run(
      `DELETE FROM ${table} WHERE count = 0 AND (${key}) IN (SELECT ${givenKey} FROM (${givenRows(5)}) AS given)`,
    )
    return function* (counters: readonly StatCounter[]): Work<void> {
      const given = JSON.stringify(counters)
      yield* waitFor(add(given))
      yield* waitFor(deleteEmpty(given))
    }
  }
  const widened = (column: string, operator: '<' | '>') =>
    `${column} = CASE WHEN hours.${column} IS NULL OR excluded.${column} ${operator} hours.${column}
      THEN excluded.${column} ELSE hours.${column} END`
  const widen = run(
    `INSERT INTO hours (hour, first_run, last_run, first_delivery, last_delivery)
      SELECT CAST(c1 AS BIGINT), min(CAST(c2 AS BIGINT)), max(CAST(c3 AS BIGINT)), min(CAST(c4 AS BIGINT)), max(CAST(c5 AS BIGINT))
        FROM (${givenRows(5)}) AS given GROUP BY c1
      ON CONFLICT (hour) DO UPDATE SET ${widened('first_run', '<')}, ${widened('last_run', '>')},
        ${widened('first_delivery', '<')}, ${widened('last_delivery', '>')}`,
  )
  const deleteDeltas = run(`DELETE FROM counter_deltas WHERE n ${inNumbers}`)

  return {
    *readStats(from, until) {
      const counters: StatCounter[] = []
      const byHour: SettledCount[] = []
      const deltas: string[] = []
      const { hours, days } = splitHours(from, until)
      for (const [hour, kind, extension, value, count, delta] of yield* waitFor(
        list(...hours.flat(), ...days, from, until),
      ))
        if (delta !== null) deltas.push(delta)
        else if (hour === NOW) counters.push([hour, kind, extension, value, count])
        else byHour.push([hour, value, count])
      return countsOf({ counters, byHour }, deltas, { from, until })
    },
    listDeltas: (limit) => waitFor(listDeltas(limit)),
    addCounters: createAdd(HOURS),
    addDayCounters: createAdd(DAYS),
    widenHours: (hours) => waitFor(widen(JSON.stringify(hours))),
    deleteDeltas: (numbers) => waitFor(deleteDeltas(JSON.stringify(numbers))),
  }
}
