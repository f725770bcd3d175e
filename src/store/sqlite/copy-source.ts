import { is } from 'drizzle-orm'
import { getTableConfig, SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { CopiedCell, CopiedTable, CopySource } from '../copy-database.ts'
import type { Connection } from './connection.ts'
import * as schema from './schema.ts'

/** These tables only concern running processes. */
const NOT_COPIED = new Set(['processes', 'leases', 'probes'])

/** Excludes the owner, which is the process that opened the file last. */
const ROW_CONDITIONS = new Map([['metadata', `name <> 'owner'`]])

const ROWS_AT_ONCE = 1_000
const BYTES_AT_ONCE = 4 * 1024 * 1024

/** The rows to copy of a database that no other process has open: all, without those that only concern running processes. */
export function createCopySource(connection: Connection): CopySource {
  return {
    tables: Object.values(schema)
      .filter((table) => is(table, SQLiteTable))
      .map(tableOf)
      .filter(({ name }) => !NOT_COPIED.has(name)),
    count: ({ name }) =>
      connection
        .prepare<[], number>(`SELECT count(*) FROM ${name} WHERE ${ROW_CONDITIONS.get(name) ?? 'true'}`)
        .pluck()
        .get() ?? 0,
    read({ name, columns, key }, after) {
      const keys = key.join(', ')
      const afterCondition = after === null ? 'true' : `(${keys}) > (${key.map(() => '?').join(', ')})`
      const statement = connection
        .prepare<CopiedCell[], CopiedCell[]>(
          `SELECT ${columns.join(', ')} FROM ${name} WHERE ${afterCondition} AND ${ROW_CONDITIONS.get(name) ?? 'true'} ORDER BY ${keys} LIMIT ${ROWS_AT_ONCE}`,
        )
        .raw()
      const rows: CopiedCell[][] = []
      let bytes = 0
      for (const row of statement.iterate(...(after ?? []))) {
        rows.push(row)
        for (const cell of row) if (typeof cell !== 'number' && cell !== null) bytes += cell.length
        if (bytes > BYTES_AT_ONCE) break
      }
      return rows
    },
  }
}

function tableOf(table: SQLiteTable): CopiedTable {
  const { name, columns, primaryKeys } = getTableConfig(table)
  const key = primaryKeys[0]?.columns ?? columns.filter((column) => column.primary)
  return { name, columns: columns.map((column) => column.name), key: key.map((column) => column.name) }
}
