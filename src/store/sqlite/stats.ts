import {
  groupsOf,
  NOW,
  type StatCounter,
  type StatCounts,
  type StatDelta,
} from '../../domain/stat-counters.ts'
import type { Connection } from './connection.ts'

/** What was added up, and what was not yet. */
const COUNTERS = `(SELECT hour, kind, name, value, size FROM counters UNION ALL
  SELECT e.value ->> 0 AS hour, e.value ->> 1 AS kind, e.value ->> 2 AS name, e.value ->> 3 AS value, e.value ->> 4 AS size
    FROM counter_deltas, json_each(delta, '$.counters') e)`

export const HOURS = `(SELECT hour, run_least, run_greatest, delivery_least, delivery_greatest FROM hours UNION ALL
  SELECT e.value ->> 0 AS hour, e.value ->> 1 AS run_least, e.value ->> 2 AS run_greatest, e.value ->> 3 AS delivery_least,
    e.value ->> 4 AS delivery_greatest FROM counter_deltas, json_each(delta, '$.hours') e)`

/** So many batches are added up in one transaction: few enough that no webhook waits for it. */
const FOLDED_AT_ONCE = 500

export function createStats(connection: Connection) {
  const sum = connection
    .prepare<[number, number, number], StatCounter>(
      `SELECT iif(kind = 'settled', hour, 0) AS at, kind, name, value, sum(size) AS size FROM ${COUNTERS}
        WHERE hour = ? OR (hour >= ? AND hour < ?) GROUP BY at, kind, name, value HAVING sum(size) <> 0`,
    )
    .raw()
  const listDeltas = connection.prepare<[number], { n: number; delta: string }>(
    'SELECT n, delta FROM counter_deltas ORDER BY n LIMIT ?',
  )
  const add = connection.prepare<[...StatCounter]>(
    `INSERT INTO counters (hour, kind, name, value, size) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET size = size + excluded.size`,
  )
  const deleteEmpty = connection.prepare<[number, string, string, string]>(
    'DELETE FROM counters WHERE hour = ? AND kind = ? AND name = ? AND value = ? AND size = 0',
  )
  const widen = connection.prepare<unknown[]>(
    `INSERT INTO hours (hour, run_least, run_greatest, delivery_least, delivery_greatest) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET
        run_least = min(ifnull(run_least, excluded.run_least), ifnull(excluded.run_least, run_least)),
        run_greatest = max(ifnull(run_greatest, excluded.run_greatest), ifnull(excluded.run_greatest, run_greatest)),
        delivery_least = min(ifnull(delivery_least, excluded.delivery_least), ifnull(excluded.delivery_least, delivery_least)),
        delivery_greatest =
          max(ifnull(delivery_greatest, excluded.delivery_greatest), ifnull(excluded.delivery_greatest, delivery_greatest))`,
  )
  const deleteDeltas = connection.prepare<[number]>('DELETE FROM counter_deltas WHERE n <= ?')

  return {
    read(from: number, until: number): StatCounts {
      const counters = sum.all(NOW, from, until)
      return { groups: groupsOf(counters), counters: counters.filter(([, kind]) => kind !== 'runs') }
    },
    /** Inside a transaction. Returns whether some are left. */
    fold(): boolean {
      const deltas = listDeltas.all(FOLDED_AT_ONCE)
      const last = deltas.at(-1)
      if (last === undefined) return false
      const sums = new Map<string, StatCounter>()
      for (const { delta } of deltas) {
        const { counters, hours }: StatDelta = JSON.parse(delta)
        for (const [hour, kind, name, value, size] of counters) {
          const key = JSON.stringify([hour, kind, name, value])
          sums.set(key, [hour, kind, name, value, size + (sums.get(key)?.[4] ?? 0)])
        }
        for (const bounds of hours) widen.run(...bounds)
      }
      for (const counter of sums.values()) {
        add.run(...counter)
        deleteEmpty.run(counter[0], counter[1], counter[2], counter[3])
      }
      deleteDeltas.run(last.n)
      return deltas.length === FOLDED_AT_ONCE
    },
  }
}
