import type { Awaitable } from '../transaction-work.ts'

type Query<T> = (...params: unknown[]) => Awaitable<T>

/** Prepares the statements of one database, each once. Their parameters are written `?`; rows are read as arrays of cells. */
export type Statements = {
  rows: <Cells>(sql: string) => Query<Cells[]>
  /** The only cell of the first row. */
  value: <T>(sql: string) => Query<T | undefined>
  /** The only cell of each row. */
  values: <T>(sql: string) => Query<T[]>
  run: (sql: string) => Query<void>
}

/** Where databases differ in what they understand. */
export type Dialect = {
  /** Keeps a planner without statistics from choosing another index. */
  indexedBy: (index: string) => string
}
