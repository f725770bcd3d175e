import { formatId } from '../../domain/ids.ts'
import type { ForgettingRows } from '../forget-asset.ts'
import type { RemovalRows } from '../remove-submissions.ts'
import { parseJson, writeJson } from '../sql/rows.ts'
import { type Connection, IN_LIST, statementsOf } from './connection.ts'
import type { ActRow } from './operator-reads.ts'

/** What is read and written when an asset is forgotten, besides the rows of its submissions. */
export function createForgettingRows(connection: Connection): Omit<ForgettingRows, keyof RemovalRows> {
  const { rows, value, run } = statementsOf(connection)
  const listSubmissions = value<number>('SELECT n FROM submissions WHERE file_id = ? ORDER BY n')
  const findDelivery = value<number>('SELECT n FROM deliveries WHERE file_id = ? LIMIT 1')
  const listIds = rows<[submission: number, check: string, run: number | null, runCheck: string | null]>(
    `SELECT s.n, s.chk, r.n, r.chk FROM submissions s LEFT JOIN runs r ON r.submission = s.n
      WHERE s.n ${IN_LIST}`,
  )
  const listCurrent = value<number>(
    'SELECT r.submission FROM current_runs c JOIN runs r ON r.n = c.run WHERE c.file_id = ?',
  )
  const findNewestEntry = value<number | null>('SELECT max(n) FROM audit_log')
  const listEntries = connection.prepare<[number, number], ActRow>(
    'SELECT * FROM audit_log WHERE n > ? ORDER BY n LIMIT ?',
  )
  const rewriteEntry = run('UPDATE audit_log SET reason = ?, details = ? WHERE n = ?')
  const hideSubject = run('UPDATE audit_log SET subject = ?, reason = NULL, details = NULL WHERE subject = ?')
  const insertEntry = run(
    'INSERT INTO audit_log (at, actor, kind, subject, reason, details) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const insertForgotten = run('INSERT OR IGNORE INTO forgotten (digest, at) VALUES (?, ?)')
  const isForgotten = value<number>('SELECT 1 FROM forgotten WHERE digest = ?')
  const deleteCurrent = run('DELETE FROM current_runs WHERE file_id = ?')
  const deleteBodies = run(
    'DELETE FROM delivery_bodies WHERE n IN (SELECT n FROM deliveries WHERE file_id = ?)',
  )
  const deleteOf = (table: string) =>
    rows<[n: number, chk: string]>(`DELETE FROM ${table} WHERE file_id = ? RETURNING n, chk`)
  const deleteDeliveries = deleteOf('deliveries')
  const deleteRejected = deleteOf('rejected_deliveries')

  return {
    isForgotten: (digest) => isForgotten.get(digest) !== undefined,
    listSubmissions: (fileId) => listSubmissions.all(fileId),
    hasDelivery: (fileId) => findDelivery.get(fileId) !== undefined,
    listIds: (submissions) =>
      listIds
        .all(JSON.stringify(submissions))
        .flatMap(([n, chk, runNumber, runCheck]) => [
          formatId('sub', n, chk),
          ...(runNumber === null || runCheck === null ? [] : [formatId('run', runNumber, runCheck)]),
        ]),
    listCurrent: (fileId) => listCurrent.all(fileId),
    findNewestEntry: () => findNewestEntry.get() ?? 0,
    listEntries: (after, limit) =>
      listEntries
        .all(after, limit)
        .map(({ n, reason, details }) => ({ n, reason, details: parseJson(details) })),
    rewriteEntry: ({ n, reason, details }) => rewriteEntry(reason, writeJson(details), n),
    hideSubject: (subject, replacement) => hideSubject(replacement, subject),
    insertEntry: ({ at, actor, kind, subject, reason, details }) =>
      insertEntry(at, actor, kind, subject, reason, writeJson(details)),
    insertForgotten,
    removeRest(fileId) {
      deleteCurrent(fileId)
      deleteBodies(fileId)
      const deleted = [...deleteDeliveries.all(fileId), ...deleteRejected.all(fileId)]
      return deleted.map(([n, chk]) => formatId('dlv', n, chk))
    },
  }
}
