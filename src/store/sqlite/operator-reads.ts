import { describeAsset } from '../../domain/asset.ts'
import type { AuditEntry } from '../../domain/audit-entry.ts'
import { formatId, parseId } from '../../domain/ids.ts'
import {
  type RetryItemState,
  type RetryProgress,
  resultOf,
  type UnsubmittedItem,
} from '../../domain/retry.ts'
import type { RunStatus } from '../../domain/run.ts'
import type { RunHistory } from '../../domain/run-history.ts'
import type { createAssetReads } from './asset-reads.ts'
import { STATUS, textOf } from './codes.ts'
import type { Connection } from './connection.ts'
import type { createDeliveryReads } from './list-deliveries.ts'
import {
  besideRun,
  parseJson,
  RUN_COLUMNS,
  RUNS,
  type RunCells,
  toRun,
  toSubmission,
  WHOLE_SUBMISSION_COLUMNS,
  type WholeSubmissionCells,
} from './rows.ts'

export type ActRow = Omit<AuditEntry, 'details'> & { n: number; details: string | null }

/** What operators read of runs, of retries and of the audit log. */
export function createOperatorReads(
  connection: Connection,
  assets: ReturnType<typeof createAssetReads>,
  deliveries: ReturnType<typeof createDeliveryReads>,
) {
  const findRun = connection
    .prepare<[number, string], [...RunCells, ...WholeSubmissionCells, respondedAt: number | null]>(
      `SELECT ${RUN_COLUMNS}, ${WHOLE_SUBMISSION_COLUMNS}, s.responded_at FROM ${RUNS} WHERE r.n = ? AND r.chk = ?`,
    )
    .raw()
  const findNotification = connection.prepare<[number], NonNullable<RunHistory['notification']>>(
    'SELECT created_at AS createdAt, attempt, result, reason FROM notifications WHERE n = ?',
  )
  const listActsOf = connection.prepare<[string], ActRow>(
    'SELECT * FROM audit_log WHERE subject = ? ORDER BY n',
  )
  const listAuditEntries = connection.prepare<[number, number], ActRow>(
    'SELECT * FROM audit_log WHERE n < ? ORDER BY n DESC LIMIT ?',
  )
  const findEarlier = connection
    .prepare<[string, number, string], [n: number, chk: string]>(
      `SELECT r.n, r.chk FROM submissions s JOIN runs r ON r.submission = s.n
        WHERE s.file_id = ? AND s.n < ? AND r.hidden IS NULL AND r.name = ? ORDER BY s.n DESC LIMIT 1`,
    )
    .raw()
  const findRetryOf = connection
    .prepare<[number], string>(
      'SELECT t.retry_id FROM retry_items i JOIN retries t ON t.n = i.retry WHERE i.submission = ? LIMIT 1',
    )
    .pluck()
  const findOverdue = connection
    .prepare<[], [n: number, chk: string, requestedAt: number]>(
      'SELECT n, chk, requested_at FROM runs WHERE overdue = 1 ORDER BY n LIMIT 1',
    )
    .raw()
  const findPendingFrom = connection
    .prepare<[number], [n: number, chk: string, requestedAt: number]>(
      `SELECT n, chk, requested_at FROM runs NOT INDEXED WHERE n > ? AND status = 0 AND hidden IS NULL ORDER BY n LIMIT 1`,
    )
    .raw()
  const findLast = connection.prepare<[], number | null>('SELECT max(n) FROM runs').pluck()
  const findSwept = connection.prepare<[], number>(`SELECT n FROM positions WHERE name = 'sweep'`).pluck()
  const findNextItem = connection
    .prepare<[], [itemId: number, n: number, chk: string, actor: string]>(
      `SELECT i.n, r.n, r.chk, t.actor FROM retry_items i JOIN runs r ON r.n = i.run JOIN retries t ON t.n = i.retry
        WHERE i.state = 'waiting' ORDER BY i.n LIMIT 1`,
    )
    .raw()
  const findRetry = connection.prepare<[string], number>('SELECT n FROM retries WHERE retry_id = ?').pluck()
  const listItems = connection
    .prepare<[number], [itemId: number, state: RetryItemState, status: number | null]>(
      `SELECT i.n, i.state, r.status FROM retry_items i LEFT JOIN runs r ON r.submission = i.submission WHERE i.retry = ?`,
    )
    .raw()
  const listUnsubmitted = connection
    .prepare<
      [string, number],
      [n: number, chk: string, name: string, state: RetryItemState, reason: string | null]
    >(
      `SELECT r.n, r.chk, r.name, i.state, i.reason FROM retry_items i JOIN retries t ON t.n = i.retry
        JOIN runs r ON r.n = i.run WHERE t.retry_id = ? AND i.state IN ('failed', 'unconfirmed') ORDER BY i.n LIMIT ?`,
    )
    .raw()
  const actsOf = (subject: string): AuditEntry[] => listActsOf.all(subject).map(toAct)
  /** No run below it is pending, unless it is overdue: none becomes pending again without that. */
  let firstPending = 0

  /** Only a current run is retried, so it is the one before of the same extension. */
  const findPrevious = (
    { attempt, name, requestedAt }: RunHistory['run'],
    submission: number,
    fileId: string | null,
  ): RunHistory['previous'] => {
    if (attempt === 1 || fileId === null) return null
    const [n, chk] = findEarlier.get(fileId, submission, name) ?? []
    if (n === undefined || chk === undefined) return null
    const runId = formatId('run', n, chk)
    const retryId = findRetryOf.get(submission)
    const kind = retryId === undefined ? 'retry' : 'retry_many'
    const isOrigin = (act: AuditEntry) => act.kind === kind && act.at <= requestedAt
    return { runId, act: actsOf(retryId ?? runId).findLast(isOrigin) ?? null }
  }
  return {
    findRunHistory(runId: string): RunHistory | undefined {
      const at = parseId('run', runId)
      const cells = at && findRun.get(at.number, at.check)
      if (cells === undefined) return undefined
      const run = toRun(cells)
      const [n, , submissionNumber] = cells
      const others = besideRun<[...WholeSubmissionCells, respondedAt: number | null]>(cells)
      const submission = toSubmission(others.slice(0, 16) as WholeSubmissionCells)
      const { submissionId, fileId } = submission
      const runs = assets.findSubmission(submissionId)?.runs ?? []
      const asset = fileId === null ? undefined : assets.findAsset(fileId)
      const current = asset && describeAsset(asset).runs.find(({ name }) => name === run.name)
      return {
        run,
        submission,
        answeredAt: others[11],
        siblings: runs.filter((sibling) => sibling.runId !== runId),
        deliveries: deliveries.listOfRun(n, submissionNumber, run.name),
        notification: findNotification.get(n) ?? null,
        acts: actsOf(runId),
        previous: findPrevious(run, submissionNumber, fileId),
        currentRunId: current && current.runId !== runId ? current.runId : null,
      }
    },
    findOldestPending(): { runId: string; requestedAt: number } | undefined {
      const overdue = findOverdue.get()
      const swept = findSwept.get() ?? 0
      if (overdue !== undefined && overdue[0] <= swept) return toPending(overdue)
      const end = (findLast.get() ?? 0) + 1
      const found = findPendingFrom.get(Math.max(swept, firstPending - 1))
      firstPending = found?.[0] ?? end
      // A run that counts again is overdue at once, though the sweep may not have passed it.
      const first = overdue && found && found[0] < overdue[0] ? found : (overdue ?? found)
      return first && toPending(first)
    },
    nextRetryItem(): { itemId: number; runId: string; actor: string } | undefined {
      const cells = findNextItem.get()
      return cells && { itemId: cells[0], runId: formatId('run', cells[1], cells[2]), actor: cells[3] }
    },
    findRetry(retryId: string): RetryProgress | undefined {
      const retry = findRetry.get(retryId)
      if (retry === undefined) return undefined
      const items = new Map<number, { state: RetryItemState; statuses: RunStatus[] }>()
      for (const [itemId, state, status] of listItems.all(retry)) {
        const item = items.get(itemId) ?? { state, statuses: [] }
        items.set(itemId, item)
        if (status !== null) item.statuses.push(textOf(STATUS, status))
      }
      const results = { pending: 0, success: 0, failed: 0, expired: 0, rejected: 0, unconfirmed: 0 }
      let done = 0
      let failed = 0
      for (const { state, statuses } of items.values()) {
        const result = resultOf(state, statuses)
        if (result === null) continue
        results[result] += 1
        done += 1
        if (state !== 'accepted') failed += 1
      }
      return {
        retryId,
        total: items.size,
        done,
        failed,
        state: done < items.size ? 'running' : 'done',
        results,
      }
    },
    listUnsubmitted: (retryId: string, limit: number): UnsubmittedItem[] =>
      listUnsubmitted
        .all(retryId, limit)
        .map(([n, chk, name, state, reason]) => ({ runId: formatId('run', n, chk), name, state, reason })),
    listAuditEntries({ limit, before }: { limit: number; before: number | null }) {
      const rows = listAuditEntries.all(before ?? Number.MAX_SAFE_INTEGER, limit + 1)
      const page = rows.slice(0, limit)
      return { acts: page.map(toAct), next: rows.length > limit ? (page.at(-1)?.n ?? null) : null }
    },
  }
}

function toPending([n, chk, requestedAt]: [n: number, chk: string, requestedAt: number]) {
  return { runId: formatId('run', n, chk), requestedAt }
}

function toAct({ at, actor, kind, subject, reason, details }: ActRow): AuditEntry {
  return { at, actor, kind, subject, reason, details: parseJson(details) }
}
