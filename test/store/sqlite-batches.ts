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
    async open(newId: () => string): Promise<BatchedStore> {
      if (opened === 0) await openSqliteStore({ path: empty }).close()
      const own = join(folder, String(++opened))
      mkdirSync(own)
      const path = join(own, 'tracker.db')
      copyFileSync(empty, path)
      const store = openSqliteStore({ path, newId })
      return {
        store,
        dump: () => dump(path),
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
 * All tables, each in its order, if it has one. What points to a row has the id of that row for its number: a number is used again when the
 * latest row is removed, and that may be before or after the next is inserted.
 */
function dump(path: string): { [table: string]: Row[] } {
  const connection = new Database(path, { readonly: true })
  try {
    const read = (sql: string) => connection.prepare<[], Row>(sql).all()
    const names = new Map<string, Map<unknown, unknown>>()
    for (const [column, { table, place, id }] of Object.entries(PLACES))
      names.set(column, new Map(read(`SELECT * FROM ${table}`).map((row) => [row[place], row[id]])))
    const groups = read('SELECT * FROM run_groups')
    names.set('group_id', new Map(groups.map((group) => [group['group_id'], groupOf(group)])))
    const tables = read("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name))
    return Object.fromEntries(
      tables
        .filter((table) => !OWN_TABLES.has(table) && !COUNTS.has(table))
        .map((table) => {
          const rows = read(`SELECT * FROM ${table} ORDER BY rowid`)
          const isOrdered = rows.some((row) => 'seq' in row)
          const all = rows.map((row) => named(row, names))
          return [
            table,
            isOrdered ? all : all.toSorted((one, other) => (textOf(one) < textOf(other) ? -1 : 1)),
          ]
        }),
    )
  } finally {
    connection.close()
  }
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
