import { type Dialect, listCells, type Statements } from '../sql/statements.ts'
import type { Session } from './pool.ts'
import { prepared } from './prepared.ts'

/**
 * No transaction of the store is expected to last this long. The server limits each statement and each pause (`LIMITS` in
 * `transactions.ts`), but not their sum.
 */
const LONGEST_TRANSACTION_MS = 60_000

/** More rows than all processes together usually insert in concurrent transactions. */
const MAX_UNCOMMITTED_ROWS = 10_000

export const DIALECT: Dialect = {
  indexedBy: () => '',
  notIndexed: '',
  maxUncommitted: MAX_UNCOMMITTED_ROWS,
  longestTransactionMs: LONGEST_TRANSACTION_MS,
  lockFiles: `SELECT pg_advisory_xact_lock(hashtextextended('file ' || file, 0)) FROM json_array_elements_text(?::json) file`,
  forUpdate: ' FOR UPDATE',
  join: 'JOIN',
  inNumbers: '= ANY (ARRAY(SELECT json_array_elements_text(?::json)::bigint))',
  inTexts: '= ANY (ARRAY(SELECT json_array_elements_text(?::json)))',
  givenRows: (cells) => `SELECT ${listCells(cells, 'e')} FROM json_array_elements(?::json) e`,
  sortedName: (name) => `lower(${name} COLLATE "C")`,
  beforeDot: (text) => `left(${text}, greatest(strpos(${text}, '.') - 1, 0))`,
  sameDay: (body, delivery) => ` AND ${body}.inserted_on = ${delivery}.inserted_on`,
  bodiesOf: (condition) => `(n, inserted_on) IN (SELECT n, inserted_on FROM deliveries WHERE ${condition})`,
  hoursOfDeltas: `SELECT (e ->> 0)::bigint, (e ->> 1)::bigint, (e ->> 2)::bigint, (e ->> 3)::bigint, (e ->> 4)::bigint
    FROM counter_deltas, json_array_elements(delta -> 'hours') e`,
  countersOfDelta: `delta ->> 'counters'`,
}

/** Prepares the statements of `store/sql` for one connection. */
export function createStatements(session: Session): Statements {
  const rows = <Cells>(sql: string) => {
    const query = prepared(sql)
    return (...params: unknown[]) => session.rows<Cells>(query, params)
  }
  return {
    ...DIALECT,
    rows,
    row: <Cells>(sql: string) => {
      const read = rows<Cells>(sql)
      return async (...params) => (await read(...params))[0]
    },
    value: <T>(sql: string) => {
      const read = rows<[T]>(sql)
      return async (...params) => (await read(...params))[0]?.[0]
    },
    values: <T>(sql: string) => {
      const read = rows<[T]>(sql)
      return async (...params) => (await read(...params)).map(([cell]) => cell)
    },
    run: (sql) => {
      const write = rows(sql)
      return async (...params) => void (await write(...params))
    },
  }
}
