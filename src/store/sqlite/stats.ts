import {
  countsOf,
  type HourBounds,
  NOW,
  type StatCounter,
  type StatCounts,
} from '../../domain/stat-counters.ts'
import { type Connection, statementsOf } from './connection.ts'

/** What was added up, and what was not yet. */
export const HOURS = `(SELECT hour, run_least, run_greatest, delivery_least, delivery_greatest FROM hours UNION ALL
  SELECT e.value ->> 0 AS hour, e.value ->> 1 AS run_least, e.value ->> 2 AS run_greatest, e.value ->> 3 AS delivery_least,
    e.value ->> 4 AS delivery_greatest FROM counter_deltas, json_each(delta, '$.hours') e)`

export function createStats(connection: Connection) {
  const { rows, value, run } = statementsOf(connection)
  const sum = rows<StatCounter>(
    `SELECT iif(kind = 'settled', hour, 0) AS at, kind, name, value, sum(size) FROM counters
      WHERE hour = ? OR (hour >= ? AND hour < ?) GROUP BY at, kind, name, value`,
  )
  // SQLite's own functions for the JSON of each counter took ten times as long.
  const listAllDeltas = value<string>(`SELECT delta ->> '$.counters' FROM counter_deltas`)
  const listDeltas = rows<[n: number, delta: string]>(
    'SELECT n, delta FROM counter_deltas ORDER BY n LIMIT ?',
  )
  const add = run(
    `INSERT INTO counters (hour, kind, name, value, size) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET size = size + excluded.size`,
  )
  const deleteEmpty = run(
    'DELETE FROM counters WHERE hour = ? AND kind = ? AND name = ? AND value = ? AND size = 0',
  )
  const widened = (limit: 'min' | 'max', column: string) =>
    `${column} = ${limit}(ifnull(${column}, excluded.${column}), ifnull(excluded.${column}, ${column}))`
  const widen = run(
    `INSERT INTO hours (hour, run_least, run_greatest, delivery_least, delivery_greatest) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET ${widened('min', 'run_least')}, ${widened('max', 'run_greatest')},
        ${widened('min', 'delivery_least')}, ${widened('max', 'delivery_greatest')}`,
  )
  const deleteDeltas = run('DELETE FROM counter_deltas WHERE n <= ?')

  return {
    read: (from: number, until: number): StatCounts =>
      countsOf(sum.all(NOW, from, until), listAllDeltas.iterate(), { from, until }),
    listDeltas: (limit: number) => listDeltas.all(limit),
    addCounters(counters: readonly StatCounter[]) {
      for (const [hour, kind, name, counted, size] of counters) {
        add(hour, kind, name, counted, size)
        deleteEmpty(hour, kind, name, counted)
      }
    },
    widenHours(hours: readonly HourBounds[]) {
      for (const bounds of hours) widen(...bounds)
    },
    deleteDeltas,
  }
}
