import { createCurrentRuns } from '../sql/current-runs.ts'
import { ROW_WRITES, type RowWrite, type RowWriter } from '../sql/row-writes.ts'
import { createWriteChanges } from '../sql/write-changes.ts'
import { runSync } from '../transaction-work.ts'
import type { BatchChanges } from '../working-set.ts'
import type { Connection } from './connection.ts'
import { createStatements } from './statements.ts'

/**
 * Writes the changes of a batch. Each row is written immediately, so nothing is left to flush. Rows of unfinished work are marked
 * with `processId`.
 */
export function createWriteRows(connection: Connection, processId: number): (changes: BatchChanges) => void {
  const currentRuns = createCurrentRuns(createStatements(connection))
  const write = createWriteChanges(createRowWriter(connection), currentRuns, { flush: () => {}, processId })
  return (changes) => runSync(write(changes))
}

function createRowWriter(connection: Connection): RowWriter {
  const { run } = createStatements(connection)
  const writes = Object.entries<RowWrite>(ROW_WRITES).map(([name, write]) => [name, run(textOf(write))])
  // `Object.fromEntries` loses the types: each function belongs to its name.
  return Object.fromEntries(writes)
}

function textOf(write: RowWrite): string {
  switch (write.kind) {
    case 'insert':
      return insertText(write.table, write.columns)
    case 'keep':
      return `${insertText(write.table, write.columns)} ON CONFLICT DO NOTHING`
    case 'save': {
      const { table, key, columns } = write
      const values = columns.map((column) => `${column} = excluded.${column}`).join(', ')
      const conflict = `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${values}`
      return `${insertText(table, [...key, ...columns])} ${conflict}`
    }
    case 'update':
      return `UPDATE ${write.table} SET ${write.columns.map((column) => `${column} = ?`).join(', ')} WHERE n = ?`
    case 'statement':
      return write.sql
  }
}

function insertText(table: string, columns: readonly string[]): string {
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
}
