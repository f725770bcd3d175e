import type { Statements } from '../sql/statements.ts'
import type { Connection } from './connection.ts'

const IN_LIST = 'IN (SELECT value FROM json_each(?))'

/** The statements of `sql/`, which return at once. */
export function createStatements(connection: Connection) {
  const prepare = <Row>(sql: string) => connection.prepare<unknown[], Row>(sql)
  return {
    rows: <Cells>(sql: string) => {
      const statement = prepare<Cells>(sql).raw()
      return (...params: unknown[]) => statement.all(...params)
    },
    row: <Cells>(sql: string) => {
      const statement = prepare<Cells>(sql).raw()
      return (...params: unknown[]) => statement.get(...params)
    },
    value: <T>(sql: string) => {
      const statement = prepare<T>(sql).pluck()
      return (...params: unknown[]) => statement.get(...params)
    },
    values: <T>(sql: string) => {
      const statement = prepare<T>(sql).pluck()
      return (...params: unknown[]) => statement.all(...params)
    },
    run: (sql: string) => {
      const statement = prepare(sql)
      return (...params: unknown[]) => void statement.run(...params)
    },
    indexedBy: (index) => `INDEXED BY ${index}`,
    notIndexed: 'NOT INDEXED',
    uncommitted: 0,
    join: 'CROSS JOIN',
    inNumbers: IN_LIST,
    inTexts: IN_LIST,
    notInPairs: 'NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))',
    sortedName: (name) => `${name} COLLATE NOCASE`,
    beforeDot: (text) => `substr(${text}, 1, instr(${text}, '.') - 1)`,
    hoursOfDeltas: `SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, e.value ->> 3, e.value ->> 4
      FROM counter_deltas, json_each(delta, '$.hours') e`,
    countersOfDelta: `delta ->> '$.counters'`,
  } satisfies Statements
}
