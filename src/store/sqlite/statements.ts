import type { Statement } from 'better-sqlite3'
import { listCells, type Statements } from '../sql/statements.ts'
import type { Connection } from './connection.ts'

const IN_LIST = 'IN (SELECT value FROM json_each(?))'

/** Prepares the statements of `sql/` on this connection. Unlike with PostgreSQL, their results are returned synchronously. */
export function createStatements(connection: Connection) {
  const cells = <Cells>(sql: string) => connection.prepare<unknown[], Cells>(sql).raw()
  const cell = <T>(sql: string) => connection.prepare<unknown[], T>(sql).pluck()
  return {
    rows: <Cells>(sql: string) => all(cells<Cells>(sql)),
    row: <Cells>(sql: string) => first(cells<Cells>(sql)),
    value: <T>(sql: string) => first(cell<T>(sql)),
    values: <T>(sql: string) => all(cell<T>(sql)),
    run: (sql: string) => {
      const statement = connection.prepare<unknown[]>(sql)
      return (...params: unknown[]) => void statement.run(...params)
    },
    indexedBy: (index) => `INDEXED BY ${index}`,
    notIndexed: 'NOT INDEXED',
    maxUncommitted: 0,
    longestTransactionMs: 0,
    lockFiles: null,
    forUpdate: '',
    join: 'CROSS JOIN',
    inNumbers: IN_LIST,
    inTexts: IN_LIST,
    givenRows: (cells) => `SELECT ${listCells(cells, 'value')} FROM json_each(?)`,
    sortedName: (name) => `${name} COLLATE NOCASE`,
    beforeDot: (text) => `substr(${text}, 1, instr(${text}, '.') - 1)`,
    sameDay: () => '',
    bodiesOf: (condition) => `n IN (SELECT n FROM deliveries WHERE ${condition})`,
    hoursOfDeltas: `SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, e.value ->> 3, e.value ->> 4
      FROM counter_deltas, json_each(delta, '$.hours') e`,
    countersOfDelta: `delta ->> '$.counters'`,
  } satisfies Statements
}

function all<Row>(statement: Statement<unknown[], Row>) {
  return (...params: unknown[]) => statement.all(...params)
}

function first<Row>(statement: Statement<unknown[], Row>) {
  return (...params: unknown[]) => statement.get(...params)
}
