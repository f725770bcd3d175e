import { formatId } from '../../domain/ids.ts'
import type { RemovalRows } from '../remove-submissions.ts'
import type { PruningRows, RetentionRows } from '../retention.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import { createCurrentRuns } from './current-runs.ts'
import { RUN_COLUMNS, type RunCells, toRunRow } from './rows.ts'
import type { Statements } from './statements.ts'
import { createAppendDelta } from './stats.ts'

/** Deletes submissions with everything that belongs to them, or deliveries with their bodies, or only bodies. */
export function createRemovalRows(
  statements: Statements,
): RemovalRows & Pick<RetentionRows, 'deleteDeliveries'> & Pick<PruningRows, 'deleteBodies'> {
  const { rows, run, values, inNumbers, inTexts, beforeDot, bodiesOf, forUpdate } = statements
  const listSubmissionIds = rows<[n: number, chk: string, fileId: string | null]>(
    `SELECT n, chk, file_id FROM submissions WHERE n ${inNumbers} ORDER BY n${forUpdate}`,
  )
  const listRuns = rows<RunCells>(
    `SELECT ${RUN_COLUMNS} FROM runs r WHERE r.submission ${inNumbers} ORDER BY r.n${forUpdate}`,
  )
  const listDeliveries = rows<[n: number, chk: string]>(
    `SELECT n, chk FROM deliveries WHERE n IN (
      SELECT settled_by FROM runs WHERE submission ${inNumbers} UNION SELECT n FROM deliveries WHERE submission ${inNumbers})`,
  )
  // A token consists of a submission's id, a dot and a signature. With a forged signature, `submission_id` is NULL.
  const deleteRejected = rows<[n: number, chk: string]>(
    `DELETE FROM rejected_deliveries WHERE submission_id ${inTexts} OR ${beforeDot('token')} ${inTexts}
      RETURNING n, chk`,
  )
  const deleteBodies = run(`DELETE FROM delivery_bodies WHERE ${bodiesOf(`n ${inNumbers}`)}`)
  const deleteDeliveries = run(`DELETE FROM deliveries WHERE n ${inNumbers}`)
  const ofRuns = `IN (SELECT n FROM runs WHERE submission ${inNumbers})`
  const listRetries = values<number>(`SELECT retry AS n FROM retry_items WHERE run ${ofRuns}`)
  const deleteEmptyRetries = run(
    `DELETE FROM retries WHERE n ${inNumbers} AND NOT EXISTS (SELECT 1 FROM retry_items WHERE retry = retries.n)`,
  )
  // Each statement has one parameter, the submissions. Rows that refer to runs are deleted before the runs.
  const deletions = [
    `DELETE FROM notifications WHERE n ${ofRuns}`,
    `DELETE FROM retry_items WHERE run ${ofRuns}`,
    `UPDATE retry_items SET submission = NULL WHERE submission ${inNumbers}`,
    `DELETE FROM idempotency_keys WHERE submission ${inNumbers}`,
    `DELETE FROM runs WHERE submission ${inNumbers}`,
    `DELETE FROM submissions WHERE n ${inNumbers}`,
  ].map(run)
  const { refreshNames } = createCurrentRuns(statements)

  const removal = {
    deleteBodies: (numbers: readonly number[]) => waitFor(deleteBodies(JSON.stringify(numbers))),
    *deleteDeliveries(numbers: readonly number[]): Work<void> {
      yield* removal.deleteBodies(numbers)
      yield* waitFor(deleteDeliveries(JSON.stringify(numbers)))
    },
  }
  return {
    ...removal,
    *listSubmissionIds(submissions) {
      const removed = yield* waitFor(listSubmissionIds(JSON.stringify(submissions)))
      return removed.map(([n, chk, fileId]) => ({ submissionId: formatId('sub', n, chk), fileId }))
    },
    *listRunsOf(submissions) {
      return (yield* waitFor(listRuns(JSON.stringify(submissions)))).map(toRunRow)
    },
    *deleteSubmissions(numbers, submissionIds) {
      const submissions = JSON.stringify(numbers)
      const ids = JSON.stringify(submissionIds)
      const rejected = yield* waitFor(deleteRejected(ids, ids))
      const recorded = yield* waitFor(listDeliveries(submissions, submissions))
      yield* removal.deleteDeliveries(recorded.map(([n]) => n))
      const retries = yield* waitFor(listRetries(submissions))
      for (const deleteThem of deletions) yield* waitFor(deleteThem(submissions))
      yield* waitFor(deleteEmptyRetries(JSON.stringify(retries)))
      return [...recorded, ...rejected].map(([n, chk]) => formatId('dlv', n, chk))
    },
    refreshCurrent: refreshNames,
    appendDelta: createAppendDelta(statements),
  }
}
