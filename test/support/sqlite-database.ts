import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { migrateSqlite, openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import type { Engine, TestDatabase } from './database.ts'

/** The path of a SQLite database's file. */
export function pathOf({ url }: TestDatabase): string {
  return url.slice('file:'.length)
}

/** The SQLite database in the file `tracker.db` of this folder. */
export function databaseIn(folder: string): TestDatabase {
  return { url: `file:${join(folder, 'tracker.db')}` }
}

function withConnection<T>(database: TestDatabase, work: (connection: Database.Database) => T): T {
  const connection = new Database(pathOf(database))
  try {
    return work(connection)
  } finally {
    connection.close()
  }
}

export const sqliteDatabase: Engine = {
  name: 'SQLite',
  async create() {
    const folder = mkdtempSync(join(tmpdir(), 'tracker-test-'))
    const database = databaseIn(folder)
    createEmptySqlite(pathOf(database))
    return { ...database, drop: async () => rmSync(folder, { recursive: true, force: true }) }
  },
  open: async (database, options) => openSqliteStore({ path: pathOf(database), ...options }),
  query: async (database, sql) =>
    withConnection(database, (connection) =>
      connection.prepare<[], { [column: string]: unknown }>(sql).all(),
    ),
  run: async (database, sql) => void withConnection(database, (connection) => connection.exec(sql)),
  async listTables(database) {
    const tables =
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'"
    return withConnection(database, (connection) => connection.prepare<[], string>(tables).pluck().all())
  },
  async copyTable(from, to, table) {
    withConnection(to, (connection) => {
      connection.prepare('ATTACH DATABASE ? AS source').run(pathOf(from))
      connection.exec(`INSERT INTO main.${table} SELECT * FROM source.${table}`)
    })
  },
  failOn: ({ name, event, table, when, how }) => {
    const events = event.split(' OR ')
    // After a disk error, SQLite may roll back the whole transaction. A violated constraint undoes only its statement.
    const action = how === 'disk' ? 'ROLLBACK' : 'ABORT'
    const create = (one: string) =>
      `CREATE TRIGGER ${name}_${one} BEFORE ${one} ON ${table} ${when && `WHEN ${when}`}
         BEGIN SELECT raise(${action}, 'rejected by the test'); END;`
    return {
      create: events.map(create).join('\n'),
      drop: events.map((one) => `DROP TRIGGER ${name}_${one};`).join('\n'),
    }
  },
}

let templatePath: string | undefined

/** Creates a database with empty tables at this path. It copies a template, because migrating a new database takes far longer. */
export function createEmptySqlite(path: string): void {
  templatePath ??= createTemplate()
  mkdirSync(dirname(path), { recursive: true })
  copyFileSync(templatePath, path)
}

/** Creates the template, which is removed when the process exits. Returns its path. */
function createTemplate(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-template-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'tracker.db')
  migrateSqlite(path)
  return path
}
