import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
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

/** Of another process, or written anew at each start. */
const OWN_TABLES = new Set(['__drizzle_migrations', 'owner', 'sqlite_sequence'])
/** Counts whose rows are made when something is counted first, and may have come back to nothing since. */
const COUNTS = new Set(['run_groups', 'tallies'])

const PLACES: { [column: string]: { table: string; place: string; id: string } } = {
  submission_seq: { table: 'submissions', place: 'seq', id: 'submission_id' },
  run_seq: { table: 'runs', place: 'seq', id: 'run_id' },
  delivery_seq: { table: 'deliveries', place: 'seq', id: 'delivery_id' },
  retry_seq: { table: 'retries', place: 'seq', id: 'retry_id' },
}

/**
 * All tables but for their numbers. What points to a row has the id of that row for its number, which may be another where a batch was
 * decided again.
 */
function dump(path: string, ids: readonly string[]): ReturnType<BatchedStore['dump']> {
  const connection = new Database(path, { readonly: true })
  try {
    const read = (sql: string) => connection.prepare<[], Row>(sql).all()
    const names = new Map<string, Map<unknown, unknown>>()
    for (const [column, { table, place, id }] of Object.entries(PLACES))
      names.set(column, new Map(read(`SELECT * FROM ${table}`).map((row) => [row[place], row[id]])))
    const digests = new Map(ids.map((id) => [createHash('sha256').update(id).digest('hex'), id]))
    const groups = read('SELECT * FROM run_groups')
    names.set('group_id', new Map(groups.map((group) => [group['group_id'], groupOf(group)])))
    const tables = read("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name))
    const dumped: ReturnType<BatchedStore['dump']> = { ordered: {}, unordered: {} }
    for (const table of tables) {
      if (OWN_TABLES.has(table) || COUNTS.has(table)) continue
      const rows = read(`SELECT * FROM ${table} ORDER BY rowid`)
      const isOrdered = rows.some((row) => 'seq' in row)
      const all = rows.map((row) => named(row, names))
      dumped[isOrdered ? 'ordered' : 'unordered'][table] = all.map((row) => withForgotten(row, digests))
    }
    return dumped
  } finally {
    connection.close()
  }
}

function withForgotten(row: Row, digests: ReadonlyMap<string, string>): Row {
  const { digest } = row
  return Buffer.isBuffer(digest) ? { ...row, digest: digests.get(digest.toString('hex')) ?? digest } : row
}

function groupOf({ extension, status, acknowledged, cause }: Row): string {
  return textOf({ extension, status, acknowledged, cause })
}

function named(row: Row, names: ReadonlyMap<string, ReadonlyMap<unknown, unknown>>): Row {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => column !== 'seq')
      .map(([column, value]) => [column, names.get(column)?.get(value) ?? value]),
  )
}

function textOf(row: Row): string {
  return JSON.stringify(row)
}
