import { createCurrentRuns } from '../sql/current-runs.ts'
import { type Cell, ROW_WRITES, type RowWrite, type RowWriter } from '../sql/row-writes.ts'
import { createWriteChanges } from '../sql/write-changes.ts'
import type { Work } from '../transaction-work.ts'
import type { BatchChanges } from '../working-set.ts'
import { columnTypes, readableJson } from './column-types.ts'
import type { Session } from './pool.ts'
import { type Prepared, prepared } from './prepared.ts'
import { createStatements } from './statements.ts'

type Rows = (readonly Cell[])[]

/**
 * Writes the changes of a batch: each flush writes all collected rows of an entry of `ROW_WRITES` in one statement, unless the
 * entry is itself a statement, which is sent once for each call. Sends these statements without waiting for their results, and adds
 * the promises of the results to `results`, in order: the caller must await them. Rows of unfinished work are marked with
 * `processId`.
 */
export function createWriteRows(
  session: Session,
  { results, processId }: { results: Promise<unknown>[]; processId: number },
): (changes: BatchChanges) => Work<void> {
  const pending = new Map<string, Rows>()
  const send = (query: Prepared, params: readonly unknown[]): void => {
    const result = session.rows(query, params)
    // Awaiting `results` yields the error.
    result.catch(() => {})
    results.push(result)
  }
  const flush = () => {
    for (const [name, write] of WRITES) {
      const rows = pending.get(name)
      if (rows !== undefined) for (const [query, params] of write(rows)) send(query, params)
    }
    pending.clear()
  }
  const writer = Object.keys(ROW_WRITES).map((name) => {
    const add = (...values: readonly Cell[]) => {
      const rows = pending.get(name)
      if (rows === undefined) pending.set(name, [values])
      else rows.push(values)
    }
    return [name, add]
  })
  const currentRuns = createCurrentRuns(createStatements(session))
  // `Object.fromEntries` loses the types: each function belongs to its name.
  return createWriteChanges(Object.fromEntries(writer) as RowWriter, currentRuns, { flush, processId })
}

/** Turns the rows of one entry of `ROW_WRITES` into statements with their parameters. */
type Write = (rows: Rows) => [query: Prepared, params: readonly unknown[]][]

const WRITES = Object.entries<RowWrite>(ROW_WRITES).map(([name, write]): [string, Write] => [
  name,
  writeOf(write),
])

function writeOf(write: RowWrite): Write {
  switch (write.kind) {
    case 'statement': {
      const query = prepared(write.sql)
      return (rows) => rows.map((values) => [query, values])
    }
    case 'insert':
      return inOne(write.table, write.columns, (values) =>
        insertStatement(write.table, write.columns, values),
      )
    case 'keep':
      return inOne(
        write.table,
        write.columns,
        (values) => `${insertStatement(write.table, write.columns, values)} ON CONFLICT DO NOTHING`,
      )
    case 'save': {
      const { table, key, columns } = write
      const updates = columns.map((column) => `${column} = excluded.${column}`).join(', ')
      const all = [...key, ...columns]
      const save = inOne(
        table,
        all,
        (values) =>
          `${insertStatement(table, all, values)} ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${updates}`,
      )
      // A statement can't save a row twice. The last values count.
      return (rows) =>
        save([...new Map(rows.map((row) => [JSON.stringify(row.slice(0, key.length)), row])).values()])
    }
    case 'update': {
      const { table, columns } = write
      const updates = columns.map((column) => `${column} = given.${column}`).join(', ')
      const all = [...columns, 'n']
      return inOne(
        table,
        all,
        (values) =>
          `UPDATE ${table} SET ${updates} FROM ${values} AS given(${all.join(', ')}) WHERE ${table}.n = given.n`,
      )
    }
  }
}

function insertStatement(table: string, columns: readonly string[], values: string): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM ${values}`
}

/** Writes all rows with one statement. Each parameter is an array: the values of one column. */
function inOne(table: string, columns: readonly string[], textOf: (values: string) => string): Write {
  const types = columns.map((column) => columnTypes(table).get(column))
  const query = prepared(textOf(`unnest(${types.map((type) => `?::${type}[]`).join(', ')})`))
  return (rows) => [
    [
      query,
      columns.map((_, place) =>
        rows.map((values) => (types[place] === 'json' ? readableCell(values[place]) : values[place])),
      ),
    ],
  ]
}

function readableCell(cell: Cell | undefined): Cell | undefined {
  return typeof cell === 'string' ? readableJson(cell) : cell
}
