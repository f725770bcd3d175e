import type { AuditEntry } from '../../domain/audit-entry.ts'
import { formatId, numberOf, parseId } from '../../domain/ids.ts'
import {
  progressOf,
  type RetryItemState,
  type RetryProgress,
  type UnsubmittedItem,
} from '../../domain/retry.ts'
import type { RunHistory } from '../../domain/run-history.ts'
import type { HistoryRows } from '../find-run-history.ts'
import type { PendingRows } from '../oldest-pending.ts'
import { cutPage, type Page } from '../read-list.ts'
import { STATUS, textOf } from '../sql/codes.ts'
import { besideRun, parseJson, RUN_COLUMNS, RUNS, type RunCells, toRun } from '../sql/rows.ts'
import { type Connection, statementsOf } from './connection.ts'

export type ActRow = Omit<AuditEntry, 'details'> & { n: number; details: string | null }

type PendingCells = [n: number, chk: string, requestedAt: number]

/** What is read for the history of a run, and for the pending run that was inserted first. */
export function createHistoryRows(
  connection: Connection,
): Omit<HistoryRows, 'findSubmission' | 'findAsset' | 'listDeliveriesOf'> & Omit<PendingRows, 'findSwept'> {
  const { rows, value } = statementsOf(connection)
  const findRun = rows<[...RunCells, respondedAt: number | null]>(
    `SELECT ${RUN_COLUMNS}, s.responded_at FROM ${RUNS} WHERE r.n = ? AND r.chk = ?`,
  )
  const findNotification = connection.prepare<[number], NonNullable<RunHistory['notification']>>(
    'SELECT created_at AS createdAt, attempt, result, reason FROM notifications WHERE n = ?',
  )
  const listEntriesOf = connection.prepare<[string], ActRow>(
    'SELECT * FROM audit_log WHERE subject = ? ORDER BY n',
  )
  const findEarlier = rows<[n: number, chk: string]>(
    `SELECT r.n, r.chk FROM submissions s JOIN runs r ON r.submission = s.n
      WHERE s.file_id = ? AND s.n < ? AND r.hidden IS NULL AND r.name = ? ORDER BY s.n DESC LIMIT 1`,
  )
  const findRetryOf = value<string>(
    'SELECT t.retry_id FROM retry_items i JOIN retries t ON t.n = i.retry WHERE i.submission = ? LIMIT 1',
  )
  const findOverdue = rows<PendingCells>(
    'SELECT n, chk, requested_at FROM runs WHERE overdue = 1 ORDER BY n LIMIT 1',
  )
  const findPendingFrom = rows<PendingCells>(
    `SELECT n, chk, requested_at FROM runs NOT INDEXED WHERE n > ? AND status = 0 AND hidden IS NULL ORDER BY n LIMIT 1`,
  )
  const findLast = value<number | null>('SELECT max(n) FROM runs')
  /** No run below it is pending, unless it is overdue: none becomes pending again without that. */
  let firstPending = 0

  return {
    findRun(runId) {
      const at = parseId('run', runId)
      const cells = at && findRun.get(at.number, at.check)
      return cells && { run: toRun(cells), answeredAt: besideRun<[respondedAt: number | null]>(cells)[0] }
    },
    findNotification: ({ runId }) => findNotification.get(numberOf(runId)) ?? null,
    listEntriesOf: (subject) => listEntriesOf.all(subject).map(toAct),
    findEarlier(fileId, { submissionId, name }) {
      const [n, chk] = findEarlier.get(fileId, numberOf(submissionId), name) ?? []
      return n === undefined || chk === undefined ? undefined : formatId('run', n, chk)
    },
    findRetryOf: ({ submissionId }) => findRetryOf.get(numberOf(submissionId)),
    findFirstOverdue: () => toPending(findOverdue.get()),
    findPendingAfter(after) {
      const end = (findLast.get() ?? 0) + 1
      const found = findPendingFrom.get(Math.max(after, firstPending - 1))
      firstPending = found?.[0] ?? end
      return toPending(found)
    },
  }
}

/** What operators read of retries and of the audit log. */
export function createOperatorReads(connection: Connection) {
  const { rows, value } = statementsOf(connection)
  const listAuditEntries = connection.prepare<[number, number], ActRow>(
    'SELECT * FROM audit_log WHERE n < ? ORDER BY n DESC LIMIT ?',
  )
  const findNextItem = rows<[itemId: number, n: number, chk: string, actor: string]>(
    `SELECT i.n, r.n, r.chk, t.actor FROM retry_items i JOIN runs r ON r.n = i.run JOIN retries t ON t.n = i.retry
      WHERE i.state = 'waiting' ORDER BY i.n LIMIT 1`,
  )
  const findRetry = value<number>('SELECT n FROM retries WHERE retry_id = ?')
  const listItems = rows<[itemId: number, state: RetryItemState, status: number | null]>(
    'SELECT i.n, i.state, r.status FROM retry_items i LEFT JOIN runs r ON r.submission = i.submission WHERE i.retry = ?',
  )
  const listUnsubmitted = rows<
    [n: number, chk: string, name: string, state: RetryItemState, reason: string | null]
  >(
    `SELECT r.n, r.chk, r.name, i.state, i.reason FROM retry_items i JOIN retries t ON t.n = i.retry
      JOIN runs r ON r.n = i.run WHERE t.retry_id = ? AND i.state IN ('failed', 'unconfirmed') ORDER BY i.n LIMIT ?`,
  )

  return {
    nextRetryItem(): { itemId: number; runId: string; actor: string } | undefined {
      const cells = findNextItem.get()
      return cells && { itemId: cells[0], runId: formatId('run', cells[1], cells[2]), actor: cells[3] }
    },
    findRetry(retryId: string): RetryProgress | undefined {
      const retry = findRetry.get(retryId)
      if (retry === undefined) return undefined
      const items = listItems.all(retry).map(([itemId, state, status]) => ({
        itemId,
        state,
        status: status === null ? null : textOf(STATUS, status),
      }))
      return progressOf(retryId, items)
    },
    listUnsubmitted: (retryId: string, limit: number): UnsubmittedItem[] =>
      listUnsubmitted
        .all(retryId, limit)
        .map(([n, chk, name, state, reason]) => ({ runId: formatId('run', n, chk), name, state, reason })),
    listAuditEntries({ limit, before }: Page) {
      const found = listAuditEntries.all(before ?? Number.MAX_SAFE_INTEGER, limit + 1)
      const page = cutPage(found, limit, ({ n }) => n)
      return { acts: page.rows.map(toAct), next: page.next }
    },
  }
}

function toPending(cells: PendingCells | undefined) {
  return cells && { runId: formatId('run', cells[0], cells[1]), requestedAt: cells[2] }
}

function toAct({ at, actor, kind, subject, reason, details }: ActRow): AuditEntry {
  return { at, actor, kind, subject, reason, details: parseJson(details) }
}
