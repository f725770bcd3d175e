import type { Dialect } from '../sql/statements.ts'
import type { Connection } from './connection.ts'

export const DIALECT: Dialect = { indexedBy: (index) => `INDEXED BY ${index}` }

/** The statements of `sql/`, which return at once. */
export function createStatements(connection: Connection) {
  const prepare = <Row>(sql: string) => connection.prepare<unknown[], Row>(sql)
  return {
    rows: <Cells>(sql: string) => {
      const statement = prepare<Cells>(sql).raw()
      return (...params: unknown[]) => statement.all(...params)
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
  }
}
