import { createHash } from 'node:crypto'
import { formatId, type IdKind } from '../../src/domain/ids.ts'
import type { BatchedStore } from '../contract/batches/batches-contract.ts'
import { listTables, readCells, type TestDatabase } from '../support/database.ts'

type Row = { [column: string]: unknown }

/** The tables that are not dumped: rows of `probes` are written only to test the disk. */
const SKIPPED_TABLES = new Set(['probes'])
/**
 * The tables of the statistics. Each batch appends its own delta, so only `counters` and `hours` are dumped, with all deltas added.
 * `day_counters` has the folded counters of the hours again, summed by day.
 */
const COUNTER_TABLES = new Set(['counters', 'day_counters', 'counter_deltas', 'hours'])

/** The tables whose rows have ids, and the kind of their ids. */
const ID_KINDS: { [table: string]: IdKind } = {
  submissions: 'sub',
  runs: 'run',
  deliveries: 'dlv',
  rejected_deliveries: 'dlv',
}
/** The columns that contain the number of a row in another table, and the kind of that row. */
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
 * Dumps the database for `BatchedStore.dump`. Two stores may assign different row numbers, because the numbers of a failed transaction
 * are not used again. So the number of a row is replaced by the row's id, which the caller renames. A number that bounds a range of
 * rows is replaced by the count of rows below it or up to it. The digest of a forgotten id is replaced by the id if it is one of `ids`.
 */
export async function dumpRows(
  database: TestDatabase,
  ids: readonly string[],
): ReturnType<BatchedStore['dump']> {
  const read = (sql: string) => readCells(database, sql)
  const names = await listNames(read)
  const digests = new Map(ids.map((id) => [createHash('sha256').update(id).digest('hex'), id]))
  const dumped: Awaited<ReturnType<BatchedStore['dump']>> = { ordered: {}, unordered: {} }
  for (const table of await listTables(database)) {
    if (SKIPPED_TABLES.has(table) || COUNTER_TABLES.has(table)) continue
    const rows = await read(`SELECT * FROM ${table}`)
    const isOrdered = table !== 'metadata' && rows.every((row) => 'n' in row)
    if (isOrdered) rows.sort((one, other) => Number(one['n']) - Number(other['n']))
    dumped[isOrdered ? 'ordered' : 'unordered'][table] = rows.flatMap((row) =>
      table === 'metadata' ? metadataOf(row, names) : withForgottenId(nameRow(table, row, names), digests),
    )
  }
  dumped.unordered['counters'] = await listCounters(read)
  const hours = await listHours(read)
  dumped.unordered['hours'] = hours.map(([hour, firstRun, lastRun, firstDelivery, lastDelivery]) => ({
    hour,
    runs: [countUpTo(names.run, firstRun, 0), countUpTo(names.run, lastRun, 1)],
    deliveries: [countUpTo(names.dlv, firstDelivery, 0), countUpTo(names.dlv, lastDelivery, 1)],
  }))
  return dumped
}

type Read = (sql: string) => Promise<Row[]>
type Delta = {
  counters: [hour: number, kind: string, extension: string, value: string, count: number][]
  hours: Hour[]
}
type Hour = [hour: number, ...bounds: (number | null)[]]

async function readDeltas(read: Read): Promise<Delta[]> {
  return (await read('SELECT delta FROM counter_deltas')).map(({ delta }) => JSON.parse(String(delta)))
}

/** The sum of each counter, including the deltas that are not folded yet. */
async function listCounters(read: Read): Promise<unknown[]> {
  const folded = await read('SELECT hour, kind, extension, value, count FROM counters')
  const added = (await readDeltas(read)).flatMap(({ counters }) => counters)
  const counts = new Map<string, number>()
  for (const [hour, kind, extension, value, count] of [
    ...folded.map((row) => Object.values(row)),
    ...added,
  ]) {
    const key = JSON.stringify([hour, kind, extension, value])
    counts.set(key, (counts.get(key) ?? 0) + Number(count))
  }
  return [...counts].filter(([, count]) => count !== 0)
}

/** The bounds of each hour, including the deltas that are not folded yet. */
async function listHours(read: Read): Promise<Hour[]> {
  const columns = 'hour, first_run, last_run, first_delivery, last_delivery'
  const folded = (await read(`SELECT ${columns} FROM hours`)).map((row) => Object.values(row) as Hour)
  const added = (await readDeltas(read)).flatMap(({ hours }) => hours)
  const bounds = new Map<number, Hour>()
  for (const one of [...folded, ...added]) {
    const known = bounds.get(one[0]) ?? one
    // The lower bounds have odd indexes. At index 0 is the hour, which is equal.
    bounds.set(
      one[0],
      one.map((bound, index) => widerBound(known[index] ?? null, bound, index % 2 === 1)) as Hour,
    )
  }
  return [...bounds.values()]
}

function widerBound(one: number | null, other: number | null, isLowerBound: boolean): number | null {
  if (one === null || other === null) return one ?? other
  return isLowerBound ? Math.min(one, other) : Math.max(one, other)
}

/** The id of each row, by the row's number; for a row of `retries`, the `retry_id`. */
type Names = { [K in IdKind | 'retry']: Map<unknown, unknown> }

async function listNames(read: Read): Promise<Names> {
  const names: Names = { sub: new Map(), run: new Map(), dlv: new Map(), retry: new Map() }
  for (const [table, kind] of Object.entries(ID_KINDS))
    for (const { n, chk } of await read(`SELECT n, chk FROM ${table}`))
      names[kind].set(n, formatId(kind, Number(n), String(chk)))
  for (const { n, retry_id: id } of await read('SELECT n, retry_id FROM retries')) names.retry.set(n, id)
  return names
}

/** Replaces numbers of rows by ids, and omits or replaces other values that may differ between two stores. */
function nameRow(table: string, row: Row, names: Names): Row {
  const kind = ID_KINDS[table]
  const entries = Object.entries(row).flatMap(([column, value]): [string, unknown][] => {
    const link = LINKS[`${table}.${column}`]
    if (kind !== undefined && column === 'n') return [['id', names[kind].get(value)]]
    if (kind !== undefined && column === 'chk') return []
    // A negative number is a filler: no delivery has settled the run.
    if (column === 'settled_by' && Number(value) < 0) return []
    if (link !== undefined && value !== null) return [[column, names[link].get(value) ?? 'a deleted row']]
    if (column === 'n') return []
    return [[column, isProcess(table, column) ? processOf(value) : value]]
  })
  return Object.fromEntries(entries)
}

/** Whether the column contains the number of a process. */
function isProcess(table: string, column: string): boolean {
  return column === 'owner' || column === 'holder' || (table === 'processes' && column === 'id')
}

/** The number of a process is random. There is only one process; 0 is the holder of a released lease. */
function processOf(number: unknown): string | null {
  if (number === null) return null
  return number === 0 ? 'no process' : 'this process'
}

function metadataOf({ name, value }: Row, names: Names): Row[] {
  if (name === 'owner') return []
  return [{ name, value: name === 'sweep' ? countUpTo(names.run, value, 1) : value }]
}

/**
 * Counts the rows with a number below `bound`, or up to and including `bound` if `inclusive` is 1. The id of the row with the number
 * `bound` can't replace it, because that row may have been deleted.
 */
function countUpTo(names: Map<unknown, unknown>, bound: unknown, inclusive: 0 | 1): number | null {
  if (bound === null) return null
  return [...names.keys()].filter((n) => Number(n) < Number(bound) + inclusive).length
}

function withForgottenId(row: Row, digests: ReadonlyMap<string, string>): Row {
  const { digest } = row
  return Buffer.isBuffer(digest) ? { ...row, digest: digests.get(digest.toString('hex')) ?? digest } : row
}
