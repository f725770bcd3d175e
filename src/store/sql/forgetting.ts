import { formatId } from '../../domain/ids.ts'
import type { ForgettingRows } from '../forget-asset.ts'
import type { RemovalRows } from '../remove-submissions.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import { ENTRY_COLUMNS, type EntryCells } from './operator-reads.ts'
import { parseJson, writeJson } from './rows.ts'
import type { Statements } from './statements.ts'

/** The reads and writes of forgetting an asset, except those of `removeSubmissions`. */
export function createForgettingRows({
  rows,
  value,
  values,
  run,
  inNumbers,
  bodiesOf,
}: Statements): Omit<ForgettingRows, keyof RemovalRows> {
  const listSubmissions = values<number>('SELECT n FROM submissions WHERE file_id = ? ORDER BY n')
  const findDelivery = value<number>('SELECT n FROM deliveries WHERE file_id = ? LIMIT 1')
  const listIds = rows<[submission: number, check: string, run: number | null, runCheck: string | null]>(
    `SELECT s.n, s.chk, r.n, r.chk FROM submissions s LEFT JOIN runs r ON r.submission = s.n
      WHERE s.n ${inNumbers}`,
  )
  const listCurrentSubmissions = values<number>(
    'SELECT r.submission FROM current_runs c JOIN runs r ON r.n = c.run WHERE c.file_id = ?',
  )
  const findNewestEntry = value<number | null>('SELECT max(n) FROM audit_log')
  const listEntries = rows<EntryCells>(
    `SELECT ${ENTRY_COLUMNS} FROM audit_log WHERE n > ? ORDER BY n LIMIT ?`,
  )
  const rewriteEntry = run('UPDATE audit_log SET reason = ?, details = ? WHERE n = ?')
  const hideSubject = run('UPDATE audit_log SET subject = ?, reason = NULL, details = NULL WHERE subject = ?')
  const insertEntry = run(
    'INSERT INTO audit_log (at, actor, kind, subject, reason, details) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const insertForgotten = run('INSERT INTO forgotten (digest, at) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const isForgotten = value<number>('SELECT 1 FROM forgotten WHERE digest = ?')
  // Keeps the current runs of a submission that was inserted meanwhile.
  const deleteCurrent = run(
    'DELETE FROM current_runs WHERE file_id = ? AND NOT EXISTS (SELECT 1 FROM runs WHERE n = current_runs.run)',
  )
  const deleteBodies = run(`DELETE FROM delivery_bodies WHERE ${bodiesOf('file_id = ?')}`)
  const deleteOf = (table: string) =>
    rows<[n: number, chk: string]>(`DELETE FROM ${table} WHERE file_id = ? RETURNING n, chk`)
  const deleteDeliveries = deleteOf('deliveries')
  const deleteRejected = deleteOf('rejected_deliveries')

  return {
    *isForgotten(digest) {
      return (yield* waitFor(isForgotten(digest))) !== undefined
    },
    listSubmissions: (fileId) => waitFor(listSubmissions(fileId)),
    *hasDelivery(fileId) {
      return (yield* waitFor(findDelivery(fileId))) !== undefined
    },
    *listIds(submissions) {
      const found = yield* waitFor(listIds(JSON.stringify(submissions)))
      return found.flatMap(([n, chk, runNumber, runCheck]) => [
        formatId('sub', n, chk),
        ...(runNumber === null || runCheck === null ? [] : [formatId('run', runNumber, runCheck)]),
      ])
    },
    listCurrentSubmissions: (fileId) => waitFor(listCurrentSubmissions(fileId)),
    *findNewestEntry() {
      return (yield* waitFor(findNewestEntry())) ?? 0
    },
    *listEntries(after, limit) {
      const found = yield* waitFor(listEntries(after, limit))
      return found.map(([n, , , , , reason, details]) => ({ n, reason, details: parseJson(details) }))
    },
    rewriteEntry: ({ n, reason, details }) => waitFor(rewriteEntry(reason, writeJson(details), n)),
    hideSubject: (subject, replacement) => waitFor(hideSubject(replacement, subject)),
    insertEntry: ({ at, actor, kind, subject, reason, details }) =>
      waitFor(insertEntry(at, actor, kind, subject, reason, writeJson(details))),
    insertForgotten: (digest, at) => waitFor(insertForgotten(digest, at)),
    *removeRest(fileId): Work<string[]> {
      yield* waitFor(deleteCurrent(fileId))
      yield* waitFor(deleteBodies(fileId))
      const deleted = [
        ...(yield* waitFor(deleteDeliveries(fileId))),
        ...(yield* waitFor(deleteRejected(fileId))),
      ]
      return deleted.map(([n, chk]) => formatId('dlv', n, chk))
    },
  }
}
