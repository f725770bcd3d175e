import { createHash, type Hash } from 'node:crypto'
import { DatabaseStartError } from '../domain/errors.ts'
import type { Awaitable } from './transaction-work.ts'

export type CopiedCell = string | number | Buffer | null

/** The key columns identify the rows of a table and define their order. */
export type CopiedTable = { name: string; columns: readonly string[]; key: readonly string[] }

/**
 * Reads the next rows in key order: those after the key `after`, or the first ones if it is null. The database chooses how many; at
 * the end there are none.
 */
type ReadRows = (table: CopiedTable, after: readonly CopiedCell[] | null) => Awaitable<CopiedCell[][]>

export type CopySource = {
  tables: readonly CopiedTable[]
  count: (table: CopiedTable) => number
  read: ReadRows
}

export type CopyTarget = {
  /** Rejects with `DatabaseStartError` if the target has rows that no unfinished copy has written. */
  begin: (tables: readonly CopiedTable[]) => Promise<void>
  /** The key of the last row that an unfinished copy has written; null if there is none. */
  findLast: (table: CopiedTable) => Promise<readonly CopiedCell[] | null>
  /** Writes the rows and the table's progress in one transaction. */
  write: (table: CopiedTable, rows: readonly CopiedCell[][], last: readonly CopiedCell[]) => Promise<void>
  /** The row as the target stores it, because not every database can store every character. */
  stored: (table: CopiedTable, row: readonly CopiedCell[]) => CopiedCell[]
  read: ReadRows
  /** Makes the target usable. New rows are numbered after the copied ones. */
  finish: () => Promise<void>
}

/** `rows`: how many rows of the table were copied, or compared, since the last call. */
export type CopyProgress = (phase: 'copying' | 'comparing', table: string, rows: number) => void

/**
 * Copies the rows of the source in batches, and then compares the two databases. If it is interrupted, call it again to continue.
 * Rejects with `DatabaseStartError` if the target has rows that were not copied, or if the copy differs. Resolves with the number of rows.
 */
export async function copyDatabase(
  source: CopySource,
  target: CopyTarget,
  onProgress: CopyProgress,
): Promise<number> {
  await target.begin(source.tables)
  for (const table of source.tables) await copyTable(source, target, table, onProgress)
  let rows = 0
  for (const table of source.tables) rows += await compareTable(source, target, table, onProgress)
  await target.finish()
  return rows
}

async function copyTable(
  source: CopySource,
  target: CopyTarget,
  table: CopiedTable,
  onProgress: CopyProgress,
): Promise<void> {
  let last = await target.findLast(table)
  for (;;) {
    const rows = await source.read(table, last)
    const lastRow = rows.at(-1)
    if (lastRow === undefined) return
    last = keyOf(table, lastRow)
    await target.write(
      table,
      rows.map((row) => target.stored(table, row)),
      last,
    )
    onProgress('copying', table.name, rows.length)
  }
}

/** Resolves with the number of rows. Rejects with `DatabaseStartError` if the copy of the table differs. */
async function compareTable(
  source: CopySource,
  target: CopyTarget,
  table: CopiedTable,
  onProgress: CopyProgress,
): Promise<number> {
  const report = (rows: number) => onProgress('comparing', table.name, rows)
  const original = await digestOf(table, source.read, (row) => target.stored(table, row), report)
  const copy = await digestOf(
    table,
    target.read,
    (row) => row,
    () => {},
  )
  if (original.rows !== copy.rows || original.digest !== copy.digest)
    throw new DatabaseStartError(
      `The copy of the table ${table.name} differs: the source has ${original.rows} rows, and the copy has ${copy.rows}` +
        `${original.rows === copy.rows ? ', with a different checksum' : ''}. ` +
        'Keep the service stopped, recreate the target database, and copy again.',
    )
  return original.rows
}

/** The number of rows, and a digest of all rows in key order, as `stored` returns them. */
async function digestOf(
  table: CopiedTable,
  read: ReadRows,
  stored: (row: readonly CopiedCell[]) => readonly CopiedCell[],
  onRows: (rows: number) => void,
): Promise<{ rows: number; digest: string }> {
  const hash = createHash('sha256')
  let count = 0
  let last: readonly CopiedCell[] | null = null
  for (;;) {
    const rows: CopiedCell[][] = await read(table, last)
    const lastRow = rows.at(-1)
    if (lastRow === undefined) return { rows: count, digest: hash.digest('hex') }
    last = keyOf(table, lastRow)
    for (const row of rows) addRow(hash, stored(row))
    count += rows.length
    onRows(rows.length)
  }
}

function addRow(hash: Hash, row: readonly CopiedCell[]): void {
  for (const cell of row) {
    if (Buffer.isBuffer(cell)) hash.update(`${cell.length} bytes `).update(cell)
    else hash.update(JSON.stringify(cell))
    hash.update('\n')
  }
}

function keyOf({ columns, key }: CopiedTable, row: readonly CopiedCell[]): CopiedCell[] {
  return key.map((column) => row[columns.indexOf(column)] ?? null)
}
