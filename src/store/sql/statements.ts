import type { Awaitable } from '../transaction-work.ts'

export type Query<T> = (...params: unknown[]) => Awaitable<T>

/** Prepares statements for one database. Parameters are written `?`; a row is an array of cells. */
export type Statements = Dialect & {
  rows: <Cells>(sql: string) => Query<Cells[]>
  /** The first row. */
  row: <Cells>(sql: string) => Query<Cells | undefined>
  /** The only cell of the first row. */
  value: <T>(sql: string) => Query<T | undefined>
  /** The only cell of each row. */
  values: <T>(sql: string) => Query<T[]>
  run: (sql: string) => Query<void>
}

/** The differences between the databases' SQL. Lists are passed as JSON. */
export type Dialect = {
  /** Follows a table. Keeps SQLite, for which we collect no statistics, from choosing another index. */
  indexedBy: (index: string) => string
  /** Follows a table. Keeps SQLite from using an index; it can still search by row number. */
  notIndexed: string
  /** How many row numbers below a visible one are expected at most to belong to transactions that are not committed yet. */
  maxUncommitted: number
  /** How long a transaction is expected to last at most: of one that began earlier, the rows exist or never will. */
  longestTransactionMs: number
  /** Makes SQLite read the tables in the written order. */
  join: 'CROSS JOIN' | 'JOIN'
  /** Follows a number in a condition: the number is one of a list. */
  inNumbers: string
  /** Follows a text in a condition: the text is one of a list. */
  inTexts: string
  /**
   * Selects the rows of a list, each an array of at least this many cells, as the columns `c1`, `c2`, …. With SQLite these have
   * the types of the cells; with PostgreSQL they are texts.
   */
  givenRows: (cells: number) => string
  /** A file name as it is sorted: without distinguishing upper and lower case of ASCII letters. */
  sortedName: (name: string) => string
  /** The text before the first dot; empty if there is no dot. */
  beforeDot: (text: string) => string
  /**
   * A statement that keeps other transactions from computing the current runs of a list of files until this one ends; null if
   * transactions never overlap.
   */
  lockFiles: string | null
  /** Locks rows against changes until the transaction ends; empty if transactions never overlap. */
  forUpdate: '' | ' FOR UPDATE'
  /** The additional condition (`AND …`, or empty) that joins a body to its delivery: PostgreSQL partitions bodies by day. */
  sameDay: (body: string, delivery: string) => string
  /** A condition that selects the bodies of the deliveries that match `condition`. */
  bodiesOf: (condition: string) => string
  /** Selects the number ranges of hours in the counter deltas, with the columns in the order of those of `hours`. */
  hoursOfDeltas: string
  /** The counters of a delta, as JSON text. */
  countersOfDelta: string
}

/** The columns `c1`, `c2`, …: the first cells of `row`, which is a JSON array. */
export function listCells(cells: number, row: string): string {
  return Array.from({ length: cells }, (_, place) => `${row} ->> ${place} AS c${place + 1}`).join(', ')
}
