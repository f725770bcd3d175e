import type { Awaitable } from '../transaction-work.ts'

export type Query<T> = (...params: unknown[]) => Awaitable<T>

/** Prepares statements of one database, each once. Parameters are written `?`; rows are arrays of cells. */
export type Statements = Dialect & {
  rows: <Cells>(sql: string) => Query<Cells[]>
  row: <Cells>(sql: string) => Query<Cells | undefined>
  /** The only cell of the first row. */
  value: <T>(sql: string) => Query<T | undefined>
  /** The only cell of each row. */
  values: <T>(sql: string) => Query<T[]>
  run: (sql: string) => Query<void>
}

/** The differences between the databases' SQL. Lists are passed as JSON. */
export type Dialect = {
  /** Keeps a planner without statistics from choosing another index. */
  indexedBy: (index: string) => string
  notIndexed: string
  /** How many row numbers below a visible one may belong to transactions that are not committed yet. */
  uncommitted: number
  /** A transaction that began this long ago has ended: its rows exist, or never will. */
  longestTransactionMs: number
  /** Makes SQLite read the tables in the written order. */
  join: 'CROSS JOIN' | 'JOIN'
  /** The end of a condition: the number is one of a list. */
  inNumbers: string
  /** The end of a condition: the text is one of a list. */
  inTexts: string
  /** The rows of a list, with this many cells each, in order. The columns `c1`, `c2`, … are texts or typed as in the list. */
  givenRows: (cells: number) => string
  /** A file name as it is sorted: case-insensitively. */
  sortedName: (name: string) => string
  /** The text before the first dot. */
  beforeDot: (text: string) => string
  /**
   * Keeps other transactions from computing the current runs of files until this one ends; null if transactions never overlap.
   */
  lockFiles: string | null
  /** Locks rows against changes until the transaction ends; empty if transactions never overlap. */
  forUpdate: '' | ' FOR UPDATE'
  /** The additional condition (`AND …`, or empty) that joins a body to its delivery. */
  sameDay: (body: string, delivery: string) => string
  /** The bodies of the deliveries that match a condition. */
  bodiesOf: (condition: string) => string
  /** The rows of `hours` in counter deltas. */
  hoursOfDeltas: string
  /** The text of the counters of a delta. */
  countersOfDelta: string
}

/** The first cells of a list's row, as `c1`, `c2`, … */
export function listCells(cells: number, row: string): string {
  return Array.from({ length: cells }, (_, place) => `${row} ->> ${place} AS c${place + 1}`).join(', ')
}
