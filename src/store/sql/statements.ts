import type { Awaitable } from '../transaction-work.ts'

export type Query<T> = (...params: unknown[]) => Awaitable<T>

/** Prepares the statements of one database, each once. Their parameters are written `?`; rows are read as arrays of cells. */
export type Statements = Dialect & {
  rows: <Cells>(sql: string) => Query<Cells[]>
  row: <Cells>(sql: string) => Query<Cells | undefined>
  /** The only cell of the first row. */
  value: <T>(sql: string) => Query<T | undefined>
  /** The only cell of each row. */
  values: <T>(sql: string) => Query<T[]>
  run: (sql: string) => Query<void>
}

/** Where databases differ in what they understand. A list is given as JSON. */
export type Dialect = {
  /** Keeps a planner without statistics from choosing another index. */
  indexedBy: (index: string) => string
  notIndexed: string
  /** So many numbers below one that was seen may still be committed. */
  uncommitted: number
  /** A transaction that began so long ago has ended: what it inserted is there, or never will be. */
  longestTransactionMs: number
  /** Reads the tables in the order that is written. */
  join: 'CROSS JOIN' | 'JOIN'
  /** Is one of a list of numbers. */
  inNumbers: string
  inTexts: string
  /** The rows of a list, each with so many cells, in its order. Their columns are `c1`, `c2`, …, of texts or as in the list. */
  givenRows: (cells: number) => string
  /** The name of a file as it is sorted: without regard to the case of its letters. */
  sortedName: (name: string) => string
  /** What stands before the first dot. */
  beforeDot: (text: string) => string
  /** Keeps other transactions from finding the current runs of files until this one has ended; null where none overlap. */
  lockFiles: string | null
  /** Is locked against changes until the transaction ends; nothing where none overlap. */
  forUpdate: '' | ' FOR UPDATE'
  /** Joins a body to its delivery, besides by number; `AND …`, or nothing. */
  sameDay: (body: string, delivery: string) => string
  /** The bodies of the deliveries that meet a condition. */
  bodiesOf: (condition: string) => string
  /** The rows of `hours` that stand in counter deltas. */
  hoursOfDeltas: string
  /** The text of the counters of a delta. */
  countersOfDelta: string
}

/** The first cells of a row in a list, as `c1`, `c2`, … */
export function listCells(cells: number, row: string): string {
  return Array.from({ length: cells }, (_, place) => `${row} ->> ${place} AS c${place + 1}`).join(', ')
}
