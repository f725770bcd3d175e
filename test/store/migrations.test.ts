import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { is, SQL } from 'drizzle-orm'
import { getTableConfig, type Index, SQLiteSyncDialect, SQLiteTable } from 'drizzle-orm/sqlite-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { DatabaseStartError } from '../../src/domain/errors.ts'
import {
  migrateConnection,
  migrateSqlite,
  openSqliteStore,
} from '../../src/store/sqlite/open-sqlite-store.ts'
import * as schema from '../../src/store/sqlite/schema.ts'
import { submit } from '../contract/store-calls.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

const FOLDER = fileURLToPath(new URL('../../drizzle/sqlite', import.meta.url))
const MIGRATIONS = readdirSync(FOLDER).filter((name) => name.endsWith('.sql')).length

function openMigrated(): Database.Database {
  const connection = new Database(':memory:')
  onTestFinished(() => {
    connection.close()
  })
  expect(migrateConnection(connection)).toBe(MIGRATIONS)
  return connection
}

test('Each migration runs once', async () => {
  const connection = openMigrated()
  expect(migrateConnection(connection)).toBe(0)
  expect(connection.pragma('integrity_check', { simple: true })).toBe('ok')
})

describe('the drizzle schema', () => {
  const tables = Object.values(schema).filter((value) => is(value, SQLiteTable))

  test('names exactly the tables of a migrated database', () => {
    const names = openMigrated()
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all()
    const described = tables.map((table) => getTableConfig(table).name)
    expect(names).toEqual([...described, '__drizzle_migrations'].toSorted())
  })

  test.each(tables.map((table) => [getTableConfig(table).name, getTableConfig(table)] as const))(
    'describes the actual columns and indexes of %s',
    (name, { columns, primaryKeys, indexes }) => {
      const connection = openMigrated()
      const keys = new Set([
        ...primaryKeys.flatMap((key) => key.columns.map((column) => column.name)),
        ...columns.filter(({ primary }) => primary).map((column) => column.name),
      ])
      const described = columns.map((column) => {
        return [column.name, column.getSQLType(), column.notNull, keys.has(column.name)]
      })
      const found = connection
        .prepare<[string], { name: string; type: string; notnull: number; pk: number }>(
          'SELECT * FROM pragma_table_info(?)',
        )
        .all(name)
      const columnsFound = found.map((column) => {
        return [column.name, column.type.toLowerCase(), column.notnull === 1, column.pk > 0]
      })
      expect(columnsFound).toEqual(described)
      const indexesFound = connection
        .prepare<[string], string>(
          "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
        )
        .pluck()
        .all(name)
      const unique = columns
        .filter(({ isUnique }) => isUnique)
        .map((column) => `CREATE UNIQUE INDEX \`${column.uniqueName}\` ON \`${name}\` (\`${column.name}\`)`)
      expect(indexesFound.toSorted()).toEqual([...indexes.map(textOf), ...unique].toSorted())
    },
  )
})

test('Three tables have no row ids, which the drizzle schema cannot express', () => {
  const withoutRowid = openMigrated()
    .prepare<[], string>("SELECT name FROM pragma_table_list WHERE schema = 'main' AND wr = 1 ORDER BY name")
    .pluck()
    .all()
  expect(withoutRowid).toEqual(['counters', 'current_runs', 'day_counters'])
})

/** The `CREATE INDEX` statement of an index, as SQLite stores it. */
function textOf({ config }: Index): string {
  const dialect = new SQLiteSyncDialect()
  const columns = config.columns.map((column) =>
    is(column, SQL) ? dialect.sqlToQuery(column).sql : `\`${column.name}\``,
  )
  const where = config.where ? ` WHERE ${dialect.sqlToQuery(config.where).sql}` : ''
  const unique = config.unique ? 'UNIQUE ' : ''
  const table = getTableConfig(config.table as SQLiteTable).name
  return `CREATE ${unique}INDEX \`${config.name}\` ON \`${table}\` (${columns.join()})${where}`
}

describe('a database that a newer version has migrated', () => {
  async function createNewerDatabase(): Promise<string> {
    const path = temporaryDatabasePath()
    const store = openSqliteStore({ path })
    await submit(store, ['remove-bg'])
    await store.close()
    const newer = new Database(path)
    newer
      .prepare('INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)')
      .run('of tomorrow', Date.parse('2099-01-01'))
    newer.close()
    return path
  }

  test('is rejected with instructions, and does not change', async () => {
    const path = await createNewerDatabase()
    const message = new RegExp(
      `has schema ${MIGRATIONS + 1} \\(2099-01-01T00:00:00\\.000Z\\), which this program does not know\\. It supports schema ${MIGRATIONS}`,
    )
    for (const open of [() => openSqliteStore({ path }), () => migrateSqlite(path)]) {
      expect(open).toThrow(DatabaseStartError)
      expect(open).toThrow(message)
    }
    const connection = new Database(path)
    onTestFinished(() => {
      connection.close()
    })
    expect(connection.prepare('SELECT count(*) FROM runs').pluck().get()).toBe(1)
    expect(connection.prepare('SELECT count(*) FROM __drizzle_migrations').pluck().get()).toBe(MIGRATIONS + 1)
  })

  test('is accepted again once the record of that migration is removed', async () => {
    const path = await createNewerDatabase()
    const connection = new Database(path)
    connection.exec("DELETE FROM __drizzle_migrations WHERE hash = 'of tomorrow'")
    connection.close()
    expect(migrateSqlite(path)).toBe(0)
  })
})

test('A database whose recorded migration is not one of ours is rejected', () => {
  const connection = openMigrated()
  connection.exec('UPDATE __drizzle_migrations SET created_at = 1')
  expect(() => migrateConnection(connection)).toThrow(/which this program does not know/)
})
