import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import * as schema from './schema.ts'

const TABLES = new Map(
  Object.values(schema)
    .filter((table) => is(table, PgTable))
    .map(getTableConfig)
    .map(({ name, columns }) => [
      name,
      new Map(columns.map((column) => [column.name, withoutCollation(column.getSQLType())])),
    ]),
)

/** The types of a table's columns, as used in casts of parameters. */
export function columnTypes(table: string): ReadonlyMap<string, string> {
  return TABLES.get(table) ?? new Map()
}

function withoutCollation(type: string): string {
  return type.replace(/ COLLATE .*/, '')
}

/**
 * Replaces escaped NULs and escaped surrogates with U+FFFD: PostgreSQL can't read JSON with an escaped NUL or a lone surrogate, and
 * `JSON.stringify` escapes only lone surrogates.
 */
export function readableJson(text: string): string {
  if (!text.includes('\\u')) return text
  return text.replaceAll(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\u{fffd}')
}
