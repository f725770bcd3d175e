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

/** `url`: as `DATABASE_URL` has it. */
export type TestDatabase = { url: string }

/** `disk`: as a disk that breaks; `row`: as a constraint that this row violates. */
type Failure = {
  name: string
  event: 'INSERT' | 'UPDATE' | 'INSERT OR UPDATE'
  table: string
  when: string
  how: 'disk' | 'row'
}

type Cells = { [column: string]: unknown }

/** What differs from one kind of database to the other. */
export type Engine = {
  name: 'SQLite' | 'PostgreSQL'
  create(): Promise<TestDatabase & { drop: () => Promise<void> }>
  open(database: TestDatabase, options: WriteQueueOptions): Promise<StoreHandle>
  query(database: TestDatabase, sql: string): Promise<Cells[]>
  run(database: TestDatabase, sql: string): Promise<void>
  listTables(database: TestDatabase): Promise<string[]>
  copyTable(from: TestDatabase, to: TestDatabase, table: string): Promise<void>
  /** The statements that have the database refuse rows, and accept them again. */
  failOn(failure: Failure): { create: string; drop: string }
}

/** The database that the project of this test runs on. */
function currentEngine(): Engine {
  return inject('database') === 'postgres' ? postgresDatabase : sqliteDatabase
}

function engineOf({ url }: TestDatabase): Engine {
  return url.startsWith('file:') ? sqliteDatabase : postgresDatabase
}

/** The name of the database that this test runs on. */
export function databaseName(): Engine['name'] {
  return currentEngine().name
}

/** A database of its own, with no rows; it goes when `drop` is called. */
export function createDatabase(): ReturnType<Engine['create']> {
  return currentEngine().create()
}

/** The same for one test: it goes when that ends. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { drop, ...database } = await createDatabase()
  onTestFinished(drop)
  return database
}

/** What `serve` needs in its environment to use this database. */
export function databaseEnv({ url }: TestDatabase): { [name: string]: string } {
  // Beside a file, the service keeps a secret of its own.
  if (engineOf({ url }).name === 'SQLite') return { DATABASE_URL: url }
  return { DATABASE_URL: url, DATABASE_CONNECTIONS: '5', TRACKER_TOKEN_SECRET: `the token secret of ${url}` }
}

/** A store over this database, beside which only PostgreSQL allows others. Whoever opens it closes it. */
export function openStoreOf(database: TestDatabase, options: WriteQueueOptions = {}): Promise<StoreHandle> {
  return engineOf(database).open(database, options)
}

const CODES: { [column: string]: Code<string> } = {
  status: STATUS,
  source: SOURCE,
  state: STATE,
  kind: KIND,
  route: ROUTE,
  signature: SIGNATURE,
  outcome: OUTCOME,
}

/** Reads what is committed, beside the store. Codes are told as their words; a condition is 0 or 1. */
export async function readRows<Row extends object>(database: TestDatabase, sql: string): Promise<Row[]> {
  const rows = await engineOf(database).query(database, sql)
  // The statement says what they are.
  return rows.map(withWords) as Row[]
}

function withWords(row: object): object {
  const cells = Object.entries(row).map(([column, value]) => {
    const code = CODES[column]
    return [column, code !== undefined && typeof value === 'number' ? textOf(code, value) : value]
  })
  return Object.fromEntries(cells)
}

/** The same, with codes as they are stored. */
export function readCells(database: TestDatabase, sql: string): Promise<Cells[]> {
  return engineOf(database).query(database, sql)
}

/** Every table of the program; one that is partitioned is one. */
export function listTables(database: TestDatabase): Promise<string[]> {
  return engineOf(database).listTables(database)
}

/** Runs statements beside the store. */
export function runSql(database: TestDatabase, sql: string): Promise<void> {
  return engineOf(database).run(database, sql)
}

/** Adds the rows of one database to those of another of the same kind, as a restore would. */
export async function copyTables(
  from: TestDatabase,
  to: TestDatabase,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) await engineOf(to).copyTable(from, to, table)
}

/** The SQL that makes so many rows, numbered by `n.i` from 1 on. */
export function numbered(count: number): string {
  return `(WITH RECURSIVE counted(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM counted WHERE i < ${count}) SELECT i FROM counted) n`
}

/** From now on writes to this table fail as on a disk that breaks, until they are mended. */
export function breakWrites(database: TestDatabase, table: string): Promise<{ mend: () => Promise<void> }> {
  return fail(database, { name: `broken_${table}`, event: 'INSERT OR UPDATE', table, when: '', how: 'disk' })
}

const TIMES = { deliveries: 'received_at', submissions: 'created_at' } as const

/** Makes the database fail to insert rows with this time, until what it resolves to is called. */
export async function refuseRows(
  database: TestDatabase,
  table: keyof typeof TIMES,
  at: number,
): Promise<() => Promise<void>> {
  const name = `refuse_${table}_${at}`
  const when = `new.${TIMES[table]} = ${at}`
  return (await fail(database, { name, event: 'INSERT', table, when, how: 'row' })).mend
}

async function fail(database: TestDatabase, failure: Failure): Promise<{ mend: () => Promise<void> }> {
  const { create, drop } = engineOf(database).failOn(failure)
  await runSql(database, create)
  return { mend: () => runSql(database, drop) }
}
