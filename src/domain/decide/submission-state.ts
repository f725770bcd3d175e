import type { Change } from '../extension-result.ts'
import { numberOf } from '../ids.ts'
import { hostOf, isNotificationDue, notificationIdOf } from '../notification.ts'
import { isFinal, isSettledNow, type Run } from '../run.ts'
import { isRejected, type Submission } from '../submission.ts'
import type { NotificationRow, RunRow, SubmissionDetails, SubmissionRow } from './rows.ts'
import type { Changes, Facts, Key } from './step.ts'

/** A submission with its runs in insertion order, and the new notifications that changes of the runs have caused. */
export type SubmissionState = {
  row: SubmissionRow
  details: SubmissionDetails
  runs: readonly RunRow[]
  notifications: readonly NotificationRow[]
}

/** The keys of all rows that `loadState` needs. */
export function stateKeys(submissionId: string): Key[] {
  return [
    ['submissions', submissionId],
    ['details', submissionId],
    ['runsOf', submissionId],
  ]
}

/** The whole submission; undefined if there is none. */
export function loadState(facts: Facts, submissionId: string): SubmissionState | undefined {
  const row = facts.find('submissions', submissionId)
  const details = facts.find('details', submissionId)
  if (row === undefined || details === undefined) return undefined
  return { row, details, runs: facts.list('runsOf', submissionId), notifications: [] }
}

/** The submission without the columns that only rows have. */
export function submissionOf({ row, details }: Pick<SubmissionState, 'row' | 'details'>): Submission {
  const { respondedAt: _, ...submission } = row
  return { ...submission, extensions: details.extensions, baseline: details.baseline }
}

/** The run without the columns that only rows have. */
export function runOf(row: RunRow): Run {
  const {
    dueAt: _,
    isOverdue: __,
    isListed: ___,
    settledBy: ____,
    boundTo: _____,
    notifiesCaller: ______,
    ...run
  } = row
  return run
}

/** The values that each run copies from its submission. */
export function bindingOf({
  state,
  fileId,
  callerWebhookUrl,
}: SubmissionRow): Pick<RunRow, 'boundTo' | 'notifiesCaller'> {
  return { boundTo: state === 'accepted' ? fileId : null, notifiesCaller: callerWebhookUrl !== null }
}

/**
 * Applies a decision: `row` and `details` are the new submission, or the same objects if it has not changed. A new run is due
 * when its siblings are. The runs of a rejected submission are neither due nor listed. If the submission is accepted after all,
 * they are due at once, because the sweep may have passed them. `settlingOf` returns the delivery that settles a run.
 */
export function applyChange(
  state: SubmissionState,
  {
    row,
    details,
    runs,
    removedRunId,
  }: Pick<SubmissionState, 'row' | 'details'> & Pick<Change, 'runs' | 'removedRunId'>,
  at: number,
  settlingOf: (run: Run) => Settling | undefined,
): SubmissionState {
  const isListed = !isRejected(row)
  const changesListing = isListed === isRejected(state.row)
  const binding = bindingOf(row)
  const newFields = {
    dueAt: !isListed
      ? null
      : changesListing
        ? at
        : (state.runs.find(({ dueAt }) => dueAt !== null)?.dueAt ?? null),
    isOverdue: isListed && changesListing,
    isListed,
    ...binding,
  }
  const updated = (known: RunRow) => ({ ...known, ...(changesListing ? newFields : binding) })
  const knownOf = ({ runId }: Run) => state.runs.find((known) => known.runId === runId)
  const settle = (run: Run, known: RowOnlyFields): RunRow => {
    const settling = isSettledByDelivery(knownOf(run), run) ? settlingOf(run) : undefined
    return withRowFields(run, settling ? { ...known, settledBy: numberOf(settling.deliveryId) } : known)
  }
  const remaining = state.runs
    .filter(({ runId }) => runId !== removedRunId)
    .map((known) => {
      const run = runs.find(({ runId }) => runId === known.runId)
      if (run !== undefined) return settle(run, updated(known))
      const isUpdated = changesListing || known.boundTo !== binding.boundTo
      return isUpdated ? withRowFields(known, updated(known)) : known
    })
  const added = runs
    .filter((run) => knownOf(run) === undefined)
    .map((run) => settle(run, { ...newFields, settledBy: null }))
  const notifications = runs.flatMap((run) => {
    const body = isNotificationDue(row, knownOf(run), run) ? settlingOf(run)?.body() : undefined
    return notificationOf(row.callerWebhookUrl, run, body, at) ?? []
  })
  return {
    row,
    details,
    runs: [...remaining, ...added],
    notifications: [...state.notifications, ...notifications],
  }
}

/** A delivery that settles a run. `body` is what the caller is notified with; undefined if it was pruned. */
export type Settling = { deliveryId: string; body(): string | undefined }

/** Whether a webhook has just brought the run to its final status. */
export function isSettledByDelivery(before: Run | undefined, after: Run): boolean {
  return after.source === 'webhook' && isSettledNow(before, after)
}

type RowOnlyFields = Omit<RunRow, keyof Run>

/** The row of a run. A final run is never due, and only a pending run is overdue. */
export function withRowFields(
  run: Run,
  { dueAt, isOverdue, isListed, settledBy, boundTo, notifiesCaller }: RowOnlyFields,
): RunRow {
  return {
    ...run,
    dueAt: isFinal(run.status) ? null : dueAt,
    isOverdue: run.status === 'pending' && isOverdue,
    isListed,
    settledBy,
    boundTo,
    notifiesCaller,
  }
}

/** A new notification, due at once; undefined without a target or a body. */
export function notificationOf(
  target: string | null,
  { runId }: Pick<Run, 'runId'>,
  body: string | undefined,
  at: number,
): NotificationRow | undefined {
  if (target === null || body === undefined) return undefined
  const notificationId = notificationIdOf(runId)
  const host = hostOf(target)
  return {
    notificationId,
    runId,
    target,
    host,
    body,
    attempt: 1,
    createdAt: at,
    dueAt: at,
    result: null,
    reason: null,
    attempts: [],
  }
}

/** The rows that differ, and the new notifications. */
export function changesBetween(before: SubmissionState, after: SubmissionState): Changes {
  const wasThere = ({ runId }: RunRow) => before.runs.some((run) => run.runId === runId)
  const isThere = ({ runId }: RunRow) => after.runs.some((run) => run.runId === runId)
  const changed = after.runs.filter((run) => !before.runs.includes(run))
  return {
    insert: {
      runs: changed.filter((run) => !wasThere(run)),
      notifications: after.notifications,
    },
    update: {
      submissions: before.row === after.row ? [] : [after.row],
      details: before.details === after.details ? [] : [after.details],
      runs: changed.filter(wasThere),
    },
    remove: { runs: before.runs.filter((run) => !isThere(run)).map(({ runId }) => runId) },
  }
}
