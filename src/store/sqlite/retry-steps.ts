import type { Act } from '../../domain/act.ts'
import {
  judgeRetry,
  type RetryItemState,
  type RetryProgress,
  type RetryRefusal,
  resultOf,
} from '../../domain/retry.ts'
import type { RunStatus } from '../../domain/run.ts'
import type { NewSubmission } from '../../domain/submission.ts'
import { markRun, recordAct } from './act-steps.ts'
import { findRunHistory } from './run-history.ts'
import type { Statements } from './statements.ts'
import type { Writer } from './stored-submission.ts'
import { createSubmission } from './submission-steps.ts'

export function createRetry(
  statements: Statements,
  retryId: string,
  runIds: readonly string[],
  act: Act,
): void {
  const { seq } = statements.insertRetry.get({ retryId, at: act.at, actor: act.actor })
  for (const runId of new Set(runIds)) {
    const found = statements.findRun.get({ runId })
    // Its asset may have been forgotten since it was listed.
    if (found) statements.insertRetryItem.run({ retrySeq: seq, runSeq: found.run.seq })
  }
  recordAct(statements, act)
}

/** Judged once more where it is written: another operator may have asked for the same run meanwhile. */
export function submitRetry(
  writer: Writer,
  runId: string,
  submission: NewSubmission,
  origin: { act: Act } | { itemId: number },
): RetryRefusal | null {
  const { statements } = writer
  const history = findRunHistory(statements, runId)
  const judgement = history ? judgeRetry(history) : ({ kind: 'refused', by: 'no_file' } as const)
  if (judgement.kind === 'refused') return judgement.by
  const submissionSeq = createSubmission(writer, submission)
  if (history?.run.acknowledgedAt === null) markRun(writer, runId, submission.at)
  if ('act' in origin) recordAct(statements, origin.act)
  else if (statements.submitItem.run({ itemId: origin.itemId, submissionSeq }).changes === 0)
    throw new Error('an item of a retry is asked for that is not waiting')
  return null
}

/** Nothing was asked after all: the run is as open as it was when `submitRetry` took it, at that time. */
export function withdrawRetry(writer: Writer, runId: string, at: number): void {
  if (writer.statements.findRun.get({ runId })?.run.acknowledgedAt === at) markRun(writer, runId, null)
}

export function endRetryItem(
  statements: Statements,
  itemId: number,
  state: RetryItemState,
  reason: string | null,
): void {
  statements.endItem.run({ itemId, state, reason })
}

export function findRetry(statements: Statements, retryId: string): RetryProgress | undefined {
  if (statements.findRetry.get({ retryId }) === undefined) return undefined
  const items = new Map<number, { state: RetryItemState; statuses: RunStatus[] }>()
  for (const { itemId, state, status } of statements.listItemStatuses.all({ retryId })) {
    const item = items.get(itemId) ?? { state, statuses: [] }
    items.set(itemId, item)
    if (status !== null) item.statuses.push(status)
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
  return { retryId, total: items.size, done, failed, state: done < items.size ? 'running' : 'done', results }
}
