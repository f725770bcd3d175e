import { formatId } from '../../domain/ids.ts'
import { statDelta } from '../../domain/stat-counters.ts'
import type { RemovedIds } from '../forget-asset.ts'
import { type Connection, statementsOf } from './connection.ts'
import type { CurrentRuns } from './current-runs.ts'
import { RUN_COLUMNS, type RunCells, toRunRow } from './rows.ts'

/** Deletes submissions with everything that belongs to them. Nothing in the schema does that by itself. */
export function createRemoval(
  connection: Connection,
  currentRuns: CurrentRuns,
): (submissions: readonly number[]) => RemovedIds & { fileIds: Set<string> } {
  const OF = 'IN (SELECT value FROM json_each(?))'
  const { rows, run } = statementsOf(connection)
  const listSubmissions = rows<[n: number, chk: string, fileId: string | null]>(
    `SELECT n, chk, file_id FROM submissions WHERE n ${OF}`,
  )
  const listRuns = rows<RunCells>(`SELECT ${RUN_COLUMNS} FROM runs r WHERE r.submission ${OF} ORDER BY r.n`)
  const listDeliveries = rows<[n: number, chk: string]>(
    `SELECT n, chk FROM deliveries WHERE n IN (
      SELECT settled_by FROM runs WHERE submission ${OF} UNION SELECT n FROM deliveries WHERE submission ${OF})`,
  )
  const deleteRejected = rows<[n: number, chk: string]>(
    `DELETE FROM rejected_deliveries WHERE submission_id ${OF} OR substr(token, 1, instr(token, '.') - 1) ${OF}
      RETURNING n, chk`,
  )
  const deleteBodies = run(`DELETE FROM delivery_bodies WHERE n ${OF}`)
  const deleteDeliveries = run(`DELETE FROM deliveries WHERE n ${OF}`)
  const deleteNotifications = run(`DELETE FROM notifications WHERE n ${OF}`)
  const deleteItems = run(`DELETE FROM retry_items WHERE run ${OF}`)
  const detachItems = run(`UPDATE retry_items SET submission = NULL WHERE submission ${OF}`)
  const deleteKeys = run(`DELETE FROM idempotency_keys WHERE submission ${OF}`)
  const deleteRuns = run(`DELETE FROM runs WHERE n ${OF}`)
  const deleteSubmissions = run(`DELETE FROM submissions WHERE n ${OF}`)
  const appendDelta = run('INSERT INTO counter_deltas (delta) VALUES (?)')

  return (numbers) => {
    const submissions = JSON.stringify(numbers)
    const found = listSubmissions.all(submissions)
    const submissionIds = found.map(([n, chk]) => formatId('sub', n, chk))
    const cells = listRuns.all(submissions)
    const removed = cells.map(toRunRow)
    const runs = JSON.stringify(cells.map(([n]) => n))
    const ids = JSON.stringify(submissionIds)
    const rejected = deleteRejected.all(ids, ids)
    const recorded = listDeliveries.all(submissions, submissions)
    const deliveries = JSON.stringify(recorded.map(([n]) => n))
    deleteBodies(deliveries)
    deleteDeliveries(deliveries)
    deleteNotifications(runs)
    deleteItems(runs)
    detachItems(submissions)
    deleteKeys(submissions)
    deleteRuns(runs)
    deleteSubmissions(submissions)
    const names = new Set(removed.flatMap(({ name, requestedAs }) => [name, requestedAs ?? name]))
    const fileIds = new Set(found.flatMap(([, , fileId]) => fileId ?? []))
    for (const fileId of fileIds) currentRuns.refreshNames(fileId, names)
    const delta = statDelta({ runs: removed.map((before) => ({ before, after: undefined })), deliveries: [] })
    if (delta !== null) appendDelta(JSON.stringify(delta))
    return {
      fileIds,
      submissionIds,
      runIds: removed.map(({ runId }) => runId),
      deliveryIds: [...recorded, ...rejected].map(([n, chk]) => formatId('dlv', n, chk)),
    }
  }
}
