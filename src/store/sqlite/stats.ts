import {
  addTo,
  groupsOf,
  listSums,
  NOW,
  type StatCounter,
  type StatCounts,
  type StatDelta,
  type StatSums,
} from '../../domain/stat-counters.ts'
import type { Connection } from './connection.ts'

/** What was added up, and what was not yet. */
export const HOURS = `(SELECT hour, run_least, run_greatest, delivery_least, delivery_greatest FROM hours UNION ALL
  SELECT e.value ->> 0 AS hour, e.value ->> 1 AS run_least, e.value ->> 2 AS run_greatest, e.value ->> 3 AS delivery_least,
    e.value ->> 4 AS delivery_greatest FROM counter_deltas, json_each(delta, '$.hours') e)`

/** So many batches, and changes of counters, are added up in one transaction: few enough that no webhook waits for it. */
const MAX_DELTAS = 500
const MAX_CHANGES = 2_000

export function createStats(connection: Connection) {
  const sum = connection
    .prepare<[number, number, number], StatCounter>(
      `SELECT iif(kind = 'settled', hour, 0) AS at, kind, name, value, sum(size) FROM counters
        WHERE hour = ? OR (hour >= ? AND hour < ?) GROUP BY at, kind, name, value`,
    )
    .raw()
  const listAllDeltas = connection
    .prepare<[], string>(`SELECT delta ->> '$.counters' FROM counter_deltas`)
    .pluck()
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
      const sums: StatSums = new Map()
      for (const counter of sum.all(NOW, from, until)) addTo(sums, counter)
      // SQLite's own functions for JSON took ten times as long.
      for (const delta of listAllDeltas.iterate()) {
        const changes: StatDelta['counters'] = JSON.parse(delta)
        for (const [hour, kind, name, value, size] of changes)
          if (hour === NOW || (hour >= from && hour < until))
            addTo(sums, [kind === 'settled' ? hour : 0, kind, name, value, size])
      }
      const counters = listSums(sums).toSorted(byKey)
      return { groups: groupsOf(counters), counters: counters.filter(([, kind]) => kind !== 'runs') }
    },
    /** Inside a transaction. Returns whether some are left. */
    fold(): boolean {
      const deltas = listDeltas.all(MAX_DELTAS)
      const sums: StatSums = new Map()
      let changes = 0
      let last: number | undefined
      for (const { n, delta } of deltas) {
        if (changes >= MAX_CHANGES) break
        const { counters, hours }: StatDelta = JSON.parse(delta)
        for (const counter of counters) addTo(sums, counter)
        for (const bounds of hours) widen.run(...bounds)
        changes += counters.length
        last = n
      }
      if (last === undefined) return false
      for (const counter of listSums(sums)) {
        add.run(...counter)
        deleteEmpty.run(counter[0], counter[1], counter[2], counter[3])
      }
      deleteDeltas.run(last)
      return deltas.length === MAX_DELTAS || last !== deltas.at(-1)?.n
    },
  }
}

function byKey(one: StatCounter, other: StatCounter): number {
  for (const place of [0, 1, 2, 3] as const) {
    if (one[place] < other[place]) return -1
    if (one[place] > other[place]) return 1
  }
  return 0
}
