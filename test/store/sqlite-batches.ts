import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { formatId, type IdKind } from '../../src/domain/ids.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import type { BatchedStore } from '../contract/batches.ts'

/** Opens new SQLite stores, each from a copy of an empty one, which costs less than to make all its tables. */
export function createSqliteStores() {
  const folder = mkdtempSync(join(tmpdir(), 'tracker-batches-'))
  const empty = join(folder, 'empty.db')
  let opened = 0
  return {
    async open(): Promise<BatchedStore> {
      if (opened === 0) await openSqliteStore({ path: empty }).close()
      const own = join(folder, String(++opened))
      mkdirSync(own)
      const path = join(own, 'tracker.db')
      copyFileSync(empty, path)
      const store = openSqliteStore({ path })
      return {
        store,
        dump: (ids) => dump(path, ids),
        async destroy() {
          await store.close()
          rmSync(own, { recursive: true })
        },
      }
    },
    end() {
      rmSync(folder, { recursive: true })
    },
  }
}

type Row = { [column: string]: unknown }

/** What is not written by steps, or only by way of trial. */
const OTHER_TABLES = new Set(['__drizzle_migrations', 'probes'])
/** Each batch appends what it has counted: only what that adds up to is the same. */
const COUNTED = new Set(['counters', 'counter_deltas', 'hours'])

/** The tables whose rows have ids, and what the number in a column of another table is of. */
const KINDS: { [table: string]: IdKind } = {
  submissions: 'sub',
  runs: 'run',
  deliveries: 'dlv',
  rejected_deliveries: 'dlv',
}
const LINKS: { [column: string]: IdKind | 'retry' } = {
  'runs.submission': 'sub',
  'runs.settled_by': 'dlv',
  'current_runs.run': 'run',
  'deliveries.run': 'run',
  'deliveries.submission': 'sub',
  'delivery_bodies.n': 'dlv',
  'notifications.n': 'run',
  'idempotency_keys.submission': 'sub',
  'retry_items.retry': 'retry',
  'retry_items.run': 'run',
  'retry_items.submission': 'sub',
}

/**
 * All tables without their numbers, which may be others where a batch was decided again: instead of a number stands the id of the
 * row that has it, or after how many rows it comes, where it is a bound.
 */
function dump(path: string, ids: readonly string[]): ReturnType<BatchedStore['dump']> {
  const connection = new Database(path, { readonly: true })
  try {
    const read = (sql: string) => connection.prepare<[], Row>(sql).all()
    const names = listNames(read)
    const digests = new Map(ids.map((id) => [createHash('sha256').update(id).digest('hex'), id]))
    const tables = read("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name))
    const dumped: ReturnType<BatchedStore['dump']> = { ordered: {}, unordered: {} }
    for (const table of tables) {
      if (OTHER_TABLES.has(table) || COUNTED.has(table)) continue
      const isOrdered = read(`SELECT 1 FROM pragma_table_info('${table}') WHERE name = 'n'`).length > 0
      const rows = read(`SELECT * FROM ${table} ${isOrdered && table !== 'positions' ? 'ORDER BY n' : ''}`)
      dumped[isOrdered && table !== 'positions' ? 'ordered' : 'unordered'][table] = rows.flatMap((row) =>
        table === 'positions' ? positionOf(row, names) : withForgotten(named(table, row, names), digests),
      )
    }
    dumped.unordered['counters'] = read(COUNTERS)
    dumped.unordered['hours'] = read(HOURS).map(({ hour, ...bounds }) => ({
      hour,
      runs: [countUpTo(names.run, bounds['run_least'], 0), countUpTo(names.run, bounds['run_greatest'], 1)],
      deliveries: [
        countUpTo(names.dlv, bounds['delivery_least'], 0),
        countUpTo(names.dlv, bounds['delivery_greatest'], 1),
      ],
    }))
    return dumped
  } finally {
    connection.close()
  }
}

const COUNTERS = `SELECT hour, kind, name, value, sum(size) AS size FROM (
  SELECT hour, kind, name, value, size FROM counters UNION ALL
  SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, e.value ->> 3, e.value ->> 4
    FROM counter_deltas, json_each(delta, '$.counters') e) GROUP BY 1, 2, 3, 4 HAVING sum(size) <> 0`

const HOURS = `SELECT hour, min(run_least) AS run_least, max(run_greatest) AS run_greatest,
    min(delivery_least) AS delivery_least, max(delivery_greatest) AS delivery_greatest FROM (
  SELECT hour, run_least, run_greatest, delivery_least, delivery_greatest FROM hours UNION ALL
  SELECT e.value ->> 0, e.value ->> 1, e.value ->> 2, e.value ->> 3, e.value ->> 4
    FROM counter_deltas, json_each(delta, '$.hours') e) GROUP BY 1`

/** The ids of rows, or what else tells them apart, by their numbers. */
type Names = { [K in IdKind | 'retry']: Map<unknown, unknown> }

function listNames(read: (sql: string) => Row[]): Names {
  const names: Names = { sub: new Map(), run: new Map(), dlv: new Map(), retry: new Map() }
  for (const [table, kind] of Object.entries(KINDS))
    for (const { n, chk } of read(`SELECT n, chk FROM ${table}`))
      names[kind].set(n, formatId(kind, Number(n), String(chk)))
  for (const { n, retry_id: id } of read('SELECT n, retry_id FROM retries')) names.retry.set(n, id)
  return names
}

function named(table: string, row: Row, names: Names): Row {
  const kind = KINDS[table]
  const entries = Object.entries(row).flatMap(([column, value]): [string, unknown][] => {
    const link = LINKS[`${table}.${column}`]
    if (kind !== undefined && column === 'n') return [['id', names[kind].get(value)]]
    if (kind !== undefined && column === 'chk') return []
    // A number that no delivery has only fills its place.
    if (column === 'settled_by' && Number(value) < 0) return []
    if (link !== undefined && value !== null)
      return [[column, names[link].get(value) ?? 'a row that is gone']]
    if (column === 'n') return []
    return [[column, isProcess(table, column) ? processOf(value) : value]]
  })
  return Object.fromEntries(entries)
}

function isProcess(table: string, column: string): boolean {
  return column === 'owner' || column === 'holder' || (table === 'processes' && column === 'id')
}

/** A process draws its number at random; 0 is nobody's. There is only one. */
function processOf(number: unknown): string | null {
  if (number === null) return null
  return number === 0 ? 'nobody' : 'this process'
}

function positionOf({ name, n }: Row, names: Names): Row[] {
  if (name === 'owner') return []
  return [{ name, n: name === 'sweep' ? countUpTo(names.run, n, 1) : n }]
}

/** How many rows stand in front of a bound, and on it where that counts. The row that has its number may be gone. */
function countUpTo(names: Map<unknown, unknown>, bound: unknown, on: 0 | 1): number | null {
  if (bound === null) return null
  return [...names.keys()].filter((n) => Number(n) < Number(bound) + on).length
}

function withForgotten(row: Row, digests: ReadonlyMap<string, string>): Row {
  const { digest } = row
  return Buffer.isBuffer(digest) ? { ...row, digest: digests.get(digest.toString('hex')) ?? digest } : row
}
