import type { RunResult } from 'better-sqlite3'
import { Column, type GetColumnData, is, Param, Placeholder } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Connection } from './connection.ts'

/** A query that drizzle has built. */
type Query = { toSQL(): { sql: string; params: unknown[] } }

type Values = { [placeholder: string]: unknown }

type Columns = { [name: string]: SQLiteColumn }

type RowOf<C extends Columns> = { [name in keyof C]: GetColumnData<C[name]> }

/**
 * For the few statements that every delivery and every status runs. A statement that drizzle has prepared still finds out at
 * each call what each of its parameters and columns is, which costs more than SQLite's own work; here that is done once.
 */
export function compileWrite(
  connection: Connection,
  query: Query,
): { getQuery(): { sql: string; params: unknown[] }; run(values: Values): RunResult } {
  const { sql, params } = query.toSQL()
  const statement = connection.prepare(sql)
  const bind = binderOf(params)
  return { getQuery: () => ({ sql, params }), run: (values) => statement.run(...bind(values)) }
}

/** As above, for a query that selects just these columns, in this order. */
export function compileRead<C extends Columns>(
  connection: Connection,
  query: Query,
  columns: C,
): {
  getQuery(): { sql: string; params: unknown[] }
  get(values: Values): RowOf<C> | undefined
  all(values: Values): RowOf<C>[]
} {
  const { sql, params } = query.toSQL()
  const statement = connection.prepare<unknown[], unknown[]>(sql).raw()
  const bind = binderOf(params)
  const toRow = rowReaderOf(columns)
  return {
    getQuery: () => ({ sql, params }),
    get(values) {
      const cells = statement.get(...bind(values))
      return cells && toRow(cells)
    },
    all: (values) => statement.all(...bind(values)).map(toRow),
  }
}

function binderOf(params: readonly unknown[]): (values: Values) => unknown[] {
  const binders = params.map((param) => {
    if (is(param, Placeholder)) return (values: Values) => values[param.name]
    if (!is(param, Param) || !is(param.value, Placeholder)) return () => param
    const { encoder } = param
    const { name } = param.value
    return (values: Values) => encoder.mapToDriverValue(values[name])
  })
  return (values) => binders.map((bind) => bind(values))
}

function rowReaderOf<C extends Columns>(columns: C): (cells: readonly unknown[]) => RowOf<C> {
  const readers = Object.entries(columns).map(([name, column], index) => {
    const isPlain = column.mapFromDriverValue === Column.prototype.mapFromDriverValue
    return { name, index, column: isPlain ? undefined : column }
  })
  const empty: { [name: string]: unknown } = Object.fromEntries(readers.map(({ name }) => [name, null]))
  return (cells) => {
    // As a copy it has its shape from the start.
    const row = { ...empty }
    for (const { name, index, column } of readers) {
      const cell = cells[index]
      if (cell !== null) row[name] = column === undefined ? cell : column.mapFromDriverValue(cell)
    }
    // What a cell is, its column has said.
    return row as RowOf<C>
  }
}
