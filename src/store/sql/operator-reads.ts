import type { AuditEntry } from '../../domain/audit-entry.ts'
import { formatId } from '../../domain/ids.ts'
import { progressOf, type RetryItemState, UNACCEPTED } from '../../domain/retry.ts'
import { cutPage } from '../list-pages.ts'
import type { Store } from '../store.ts'
import { type WorkOf, waitFor } from '../transaction-work.ts'
import { STATUS, textOf } from './codes.ts'
import { parseJson } from './rows.ts'
import type { Statements } from './statements.ts'

export const ENTRY_COLUMNS = 'n, at, actor, kind, subject, reason, details'

export type EntryCells = [
  n: number,
  at: number,
  actor: string,
  kind: AuditEntry['kind'],
  subject: string | null,
  reason: string | null,
  details: string | null,
]

export function toAuditEntry([, at, actor, kind, subject, reason, details]: EntryCells): AuditEntry {
  return { at, actor, kind, subject, reason, details: parseJson(details) }
}

/** The reads of retries and of the audit log. */
export function createOperatorReads({
  rows,
  row,
  value,
}: Statements): WorkOf<Pick<Store, 'nextRetryItem' | 'findRetry' | 'listUnaccepted' | 'listAuditEntries'>> {
  const listAuditEntries = rows<EntryCells>(
    `SELECT ${ENTRY_COLUMNS} FROM audit_log WHERE n < ? ORDER BY n DESC LIMIT ?`,
  )
  const findNextItem = row<[itemId: number, n: number, chk: string, actor: string]>(
    `SELECT i.n, r.n, r.chk, t.actor FROM retry_items i JOIN runs r ON r.n = i.run JOIN retries t ON t.n = i.retry
      WHERE i.state = 'waiting' ORDER BY i.n LIMIT 1`,
  )
  const findRetry = value<number>('SELECT n FROM retries WHERE retry_id = ?')
  const listItems = rows<[itemId: number, state: RetryItemState, status: number | null]>(
    'SELECT i.n, i.state, r.status FROM retry_items i LEFT JOIN runs r ON r.submission = i.submission WHERE i.retry = ?',
  )
  const listUnaccepted = rows<
    [n: number, chk: string, name: string, state: RetryItemState, reason: string | null]
  >(
    `SELECT r.n, r.chk, r.name, i.state, i.reason FROM retry_items i JOIN retries t ON t.n = i.retry
      JOIN runs r ON r.n = i.run WHERE t.retry_id = ? AND i.state IN (${UNACCEPTED.map((state) => `'${state}'`).join(', ')}) ORDER BY i.n LIMIT ?`,
  )

  return {
    *nextRetryItem() {
      const cells = yield* waitFor(findNextItem())
      return cells && { itemId: cells[0], runId: formatId('run', cells[1], cells[2]), actor: cells[3] }
    },
    *findRetry(retryId) {
      const retry = yield* waitFor(findRetry(retryId))
      if (retry === undefined) return undefined
      const items = (yield* waitFor(listItems(retry))).map(([itemId, state, status]) => ({
        itemId,
        state,
        status: status === null ? null : textOf(STATUS, status),
      }))
      return progressOf(retryId, items)
    },
    *listUnaccepted(retryId, limit) {
      const items = yield* waitFor(listUnaccepted(retryId, limit))
      return items.map(([n, chk, name, state, reason]) => ({
        runId: formatId('run', n, chk),
        name,
        state,
        reason,
      }))
    },
    *listAuditEntries({ limit, before }) {
      const found = yield* waitFor(listAuditEntries(before ?? Number.MAX_SAFE_INTEGER, limit + 1))
      const page = cutPage(found, limit, ([n]) => n)
      return { auditEntries: page.rows.map(toAuditEntry), next: page.next }
    },
  }
}
