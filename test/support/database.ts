import { inject, onTestFinished } from 'vitest'
import {
  type Code,
  KIND,
  OUTCOME,
  ROUTE,
  SIGNATURE,
  SOURCE,
  STATE,
  STATUS,
  textOf,
} from '../../src/store/sql/codes.ts'
import type { StoreHandle } from '../../src/store/store.ts'
import type { WriteQueueOptions } from '../../src/store/write-queue.ts'
import { postgresDatabase } from './postgres-database.ts'
import { sqliteDatabase } from './sqlite-database.ts'

/** `url`: a value for `DATABASE_URL`. */
export type TestDatabase = { url: string }

/**
 * A trigger that makes writes fail. `when`: an SQL condition on `new`, the written row; '' for every row. `how`: a `disk` failure is
 * like that of a broken disk, and a `row` failure like a violated constraint.
 */
type Failure = {
  name: string
  event: 'INSERT' | 'UPDATE' | 'INSERT OR UPDATE'
  table: string
  when: string
  how: 'disk' | 'row'
}

type Cells = { [column: string]: unknown }

/** The operations that differ between SQLite and PostgreSQL. */
export type Engine = {
  name: 'SQLite' | 'PostgreSQL'
  create(): Promise<TestDatabase & { drop: () => Promise<void> }>
  open(database: TestDatabase, options: WriteQueueOptions): Promise<StoreHandle>
  query(database: TestDatabase, sql: string): Promise<Cells[]>
  run(database: TestDatabase, sql: string): Promise<void>
  listTables(database: TestDatabase): Promise<string[]>
  copyTable(from: TestDatabase, to: TestDatabase, table: string): Promise<void>
  /** The SQL that makes writes fail (`create`), and the SQL that ends this (`drop`). */
  failOn(failure: Failure): { create: string; drop: string }
}

/** The engine that the Vitest project of this test uses. */
function currentEngine(): Engine {
  return inject('database') === 'postgres' ? postgresDatabase : sqliteDatabase
}

function engineOf({ url }: TestDatabase): Engine {
  return url.startsWith('file:') ? sqliteDatabase : postgresDatabase
}

/** The name of the engine that this test runs on. */
export function databaseName(): Engine['name'] {
  return currentEngine().name
}

/** Creates a database with empty tables. Call `drop` to remove it. */
export function createDatabase(): ReturnType<Engine['create']> {
  return currentEngine().create()
}

/** Creates a database with empty tables, which is removed when the test ends. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { drop, ...database } = await createDatabase()
  onTestFinished(drop)
  return database
}

/** The environment variables with which `serve` uses this database. */
export function databaseEnv({ url }: TestDatabase): { [name: string]: string } {
  // With a SQLite file, the service stores its own secret beside the file.
  if (engineOf({ url }).name === 'SQLite') return { DATABASE_URL: url }
  return { DATABASE_URL: url, DATABASE_CONNECTIONS: '5', TRACKER_TOKEN_SECRET: `the token secret of ${url}` }
}

/** Opens a store on this database; SQLite allows only one at a time. The caller closes it. */
export function openStoreOf(database: TestDatabase, options: WriteQueueOptions = {}): Promise<StoreHandle> {
  return engineOf(database).open(database, options)
}

/** The columns whose codes `readRows` replaces by texts. Other columns contain codes, too, such as `final_status`. */
const CODES: { [column: string]: Code<string> } = {
  status: STATUS,
  source: SOURCE,
  state: STATE,
  kind: KIND,
  route: ROUTE,
  signature: SIGNATURE,
  outcome: OUTCOME,
}

/** Reads committed rows without the store. The codes in the columns of `CODES` are returned as texts, booleans as 0 or 1. */
export async function readRows<Row extends object>(database: TestDatabase, sql: string): Promise<Row[]> {
  const rows = await engineOf(database).query(database, sql)
  // Only the caller knows the type of the rows, because it depends on the statement.
  return rows.map(withTexts) as Row[]
}

function withTexts(row: object): object {
  const cells = Object.entries(row).map(([column, value]) => {
    const code = CODES[column]
    return [column, code !== undefined && typeof value === 'number' ? textOf(code, value) : value]
  })
  return Object.fromEntries(cells)
}

/** Like `readRows`, with codes as stored. */
export function readCells(database: TestDatabase, sql: string): Promise<Cells[]> {
  return engineOf(database).query(database, sql)
}

/**
 * Lists the tables of the program; a partitioned table is listed once. On PostgreSQL, the list includes the table of the migrations.
 */
export function listTables(database: TestDatabase): Promise<string[]> {
  return engineOf(database).listTables(database)
}

/** Runs statements without the store. */
export function runSql(database: TestDatabase, sql: string): Promise<void> {
  return engineOf(database).run(database, sql)
}

/** Adds the rows of these tables to another database of the same engine, like a restore. */
export async function copyTables(
  from: TestDatabase,
  to: TestDatabase,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) await engineOf(to).copyTable(from, to, table)
}

/** SQL for a FROM clause: `count` rows, numbered from 1 by the column `n.i`. */
export function numbered(count: number): string {
  return `(WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < ${count}) SELECT i FROM counted) n`
}

/** Makes inserts and updates in this table fail as on a broken disk, until `repair` is called. */
export function breakWrites(database: TestDatabase, table: string): Promise<{ repair: () => Promise<void> }> {
  return fail(database, { name: `broken_${table}`, event: 'INSERT OR UPDATE', table, when: '', how: 'disk' })
}

/** The column whose value `rejectRows` compares, by table. */
const TIME_COLUMNS = { deliveries: 'received_at', submissions: 'created_at' } as const

/** Makes the database reject new rows with this time. Resolves with a function that stops this. */
export async function rejectRows(
  database: TestDatabase,
  table: keyof typeof TIME_COLUMNS,
  at: number,
): Promise<() => Promise<void>> {
  const name = `reject_${table}_${at}`
  const when = `new.${TIME_COLUMNS[table]} = ${at}`
  return (await fail(database, { name, event: 'INSERT', table, when, how: 'row' })).repair
}

async function fail(database: TestDatabase, failure: Failure): Promise<{ repair: () => Promise<void> }> {
  const { create, drop } = engineOf(database).failOn(failure)
  await runSql(database, create)
  return { repair: () => runSql(database, drop) }
}
