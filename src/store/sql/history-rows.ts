import { formatId, numberOf, parseId } from '../../domain/ids.ts'
import type { RunHistory } from '../../domain/run-history.ts'
import type { HistoryRows } from '../find-run-history.ts'
import type { PendingRows } from '../overdue-sweep.ts'
import { waitFor } from '../transaction-work.ts'
import { isPending } from './codes.ts'
import { ENTRY_COLUMNS, type EntryCells, toAuditEntry } from './operator-reads.ts'
import { cellsAfterRun, RUN_COLUMNS, RUNS, type RunCells, toRun } from './rows.ts'
import type { Statements } from './statements.ts'

type PendingCells = [n: number, chk: string, requestedAt: number]

type NotificationCells = [
  createdAt: number,
  attempt: number,
  result: NonNullable<RunHistory['notification']>['result'],
  reason: string | null,
]

/** The reads for a run's history, and for the pending run that was inserted first. */
export function createHistoryRows({
  rows,
  row,
  value,
  notIndexed,
  maxUncommitted,
}: Statements): Omit<HistoryRows, 'findSubmission' | 'findAsset' | 'listDeliveriesOf'> &
  Omit<PendingRows, 'findSwept'> {
  const findRun = row<[...RunCells, respondedAt: number | null]>(
    `SELECT ${RUN_COLUMNS}, s.responded_at FROM ${RUNS} WHERE r.n = ? AND r.chk = ?`,
  )
  const findNotification = row<NotificationCells>(
    'SELECT created_at, attempt, result, reason FROM notifications WHERE n = ?',
  )
  const listEntriesOf = rows<EntryCells>(
    `SELECT ${ENTRY_COLUMNS} FROM audit_log WHERE subject = ? ORDER BY n`,
  )
  const findEarlier = row<[n: number, chk: string]>(
    `SELECT r.n, r.chk FROM submissions s JOIN runs r ON r.submission = s.n
      WHERE s.file_id = ? AND s.n < ? AND r.hidden IS NULL AND r.name = ? ORDER BY s.n DESC LIMIT 1`,
  )
  const findRetryOf = value<string>(
    'SELECT t.retry_id FROM retry_items i JOIN retries t ON t.n = i.retry WHERE i.submission = ? LIMIT 1',
  )
  const findOverdue = row<PendingCells>(
    'SELECT n, chk, requested_at FROM runs WHERE overdue = 1 ORDER BY n LIMIT 1',
  )
  const findPendingFrom = row<PendingCells>(
    `SELECT n, chk, requested_at FROM runs ${notIndexed} WHERE n > ? AND ${isPending()} ORDER BY n LIMIT 1`,
  )
  const findLast = value<number | null>('SELECT max(n) FROM runs')
  /**
   * Runs below this number are not pending, are overdue, or were not committed yet when it was found. A run whose submission is no
   * longer rejected does not change this: it is overdue at once.
   */
  let firstPending = 0

  return {
    *findRun(runId) {
      const parsed = parseId('run', runId)
      const cells = parsed && (yield* waitFor(findRun(parsed.number, parsed.check)))
      return (
        cells && { run: toRun(cells), respondedAt: cellsAfterRun<[respondedAt: number | null]>(cells)[0] }
      )
    },
    *findNotification({ runId }) {
      const cells = yield* waitFor(findNotification(numberOf(runId)))
      return cells === undefined
        ? null
        : { createdAt: cells[0], attempt: cells[1], result: cells[2], reason: cells[3] }
    },
    *listEntriesOf(subject) {
      return (yield* waitFor(listEntriesOf(subject))).map(toAuditEntry)
    },
    *findEarlier(fileId, { submissionId, name }) {
      const [n, chk] = (yield* waitFor(findEarlier(fileId, numberOf(submissionId), name))) ?? []
      return n === undefined || chk === undefined ? undefined : formatId('run', n, chk)
    },
    findRetryOf: ({ submissionId }) => waitFor(findRetryOf(numberOf(submissionId))),
    *findFirstOverdue() {
      return toPending(yield* waitFor(findOverdue()))
    },
    *findPendingAfter(after) {
      const end = ((yield* waitFor(findLast())) ?? 0) + 1
      const found = yield* waitFor(findPendingFrom(Math.max(after, firstPending - 1 - maxUncommitted)))
      firstPending = found?.[0] ?? end
      return toPending(found)
    },
  }
}

function toPending(cells: PendingCells | undefined) {
  return cells && { runId: formatId('run', cells[0], cells[1]), requestedAt: cells[2] }
}
