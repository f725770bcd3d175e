import { formatId } from '../../domain/ids.ts'
import type { RetentionRows } from '../delete-old-submissions.ts'
import type { PruningRows } from '../prune-bodies.ts'
import type { RemovalRows } from '../remove-submissions.ts'
import { createCurrentRuns } from '../sql/current-runs.ts'
import { RUN_COLUMNS, type RunCells, toRunRow } from '../sql/rows.ts'
import { type Connection, IN_LIST, statementsOf } from './connection.ts'
import { createStatements } from './statements.ts'

export function createRemovalRows(
  connection: Connection,
): RemovalRows & Pick<RetentionRows, 'deleteDeliveries'> & Pick<PruningRows, 'deleteBodies'> {
  const { rows, run } = statementsOf(connection)
  const listRemoved = rows<[n: number, chk: string, fileId: string | null]>(
    `SELECT n, chk, file_id FROM submissions WHERE n ${IN_LIST}`,
  )
  const listRuns = rows<RunCells>(
    `SELECT ${RUN_COLUMNS} FROM runs r WHERE r.submission ${IN_LIST} ORDER BY r.n`,
  )
  const listDeliveries = rows<[n: number, chk: string]>(
    `SELECT n, chk FROM deliveries WHERE n IN (
      SELECT settled_by FROM runs WHERE submission ${IN_LIST} UNION SELECT n FROM deliveries WHERE submission ${IN_LIST})`,
  )
  const deleteRejected = rows<[n: number, chk: string]>(
    `DELETE FROM rejected_deliveries WHERE submission_id ${IN_LIST} OR substr(token, 1, instr(token, '.') - 1) ${IN_LIST}
      RETURNING n, chk`,
  )
  const deleteBodies = run(`DELETE FROM delivery_bodies WHERE n ${IN_LIST}`)
  const deleteDeliveries = run(`DELETE FROM deliveries WHERE n ${IN_LIST}`)
  const ofRuns = `IN (SELECT n FROM runs WHERE submission ${IN_LIST})`
  // Each for the same submissions, their runs after what refers to these.
  const deletions = [
    `DELETE FROM notifications WHERE n ${ofRuns}`,
    `DELETE FROM retry_items WHERE run ${ofRuns}`,
    `UPDATE retry_items SET submission = NULL WHERE submission ${IN_LIST}`,
    `DELETE FROM idempotency_keys WHERE submission ${IN_LIST}`,
    `DELETE FROM runs WHERE submission ${IN_LIST}`,
    `DELETE FROM submissions WHERE n ${IN_LIST}`,
  ].map(run)
  const { refreshNames } = createCurrentRuns(createStatements(connection))
  const appendDelta = run('INSERT INTO counter_deltas (delta) VALUES (?)')

  const removal = {
    deleteBodies: (numbers: readonly number[]) => deleteBodies(JSON.stringify(numbers)),
    deleteDeliveries(numbers: readonly number[]) {
      removal.deleteBodies(numbers)
      deleteDeliveries(JSON.stringify(numbers))
    },
  }
  return {
    ...removal,
    listRemoved: (submissions) =>
      listRemoved
        .all(JSON.stringify(submissions))
        .map(([n, chk, fileId]) => ({ submissionId: formatId('sub', n, chk), fileId })),
    listRunsOf: (submissions) => listRuns.all(JSON.stringify(submissions)).map(toRunRow),
    deleteSubmissions(numbers, submissionIds) {
      const submissions = JSON.stringify(numbers)
      const ids = JSON.stringify(submissionIds)
      const rejected = deleteRejected.all(ids, ids)
      const recorded = listDeliveries.all(submissions, submissions)
      removal.deleteDeliveries(recorded.map(([n]) => n))
      for (const deleteThem of deletions) deleteThem(submissions)
      return [...recorded, ...rejected].map(([n, chk]) => formatId('dlv', n, chk))
    },
    refreshCurrent: refreshNames,
    appendDelta: (delta) => appendDelta(JSON.stringify(delta)),
  }
}
