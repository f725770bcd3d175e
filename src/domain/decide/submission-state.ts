import type { Change } from '../judge-delivery.ts'
import { hostOf, notificationIdOf, owesNotification } from '../notification.ts'
import type { Run } from '../run.ts'
import type { Submission } from '../submission.ts'
import type { Changes, Facts, Key } from './step.ts'
import type { NotificationRow, RunRow, SubmissionDetails, SubmissionRow } from './tables.ts'

/** A submission with its runs, in the order of their insertion, and the notifications that changes to them call for. */
export type SubmissionState = {
  row: SubmissionRow
  details: SubmissionDetails
  runs: readonly RunRow[]
  notifications: readonly NotificationRow[]
}

export function stateKeys(submissionId: string): Key[] {
  return [
    ['submissions', submissionId],
    ['details', submissionId],
    ['runsOf', submissionId],
  ]
}

/** The whole submission; undefined where there is none. */
export function loadState(facts: Facts, submissionId: string): SubmissionState | undefined {
  const row = facts.find('submissions', submissionId)
  const details = facts.find('details', submissionId)
  if (row === undefined || details === undefined) return undefined
  return { row, details, runs: facts.list('runsOf', submissionId), notifications: [] }
}

export function submissionOf({ row, details }: Pick<SubmissionState, 'row' | 'details'>): Submission {
  const { respondedAt: _, ...submission } = row
  return { ...submission, extensions: details.extensions, baseline: details.baseline }
}

export function runOf(row: RunRow): Run {
  const { dueAt: _, isListed: __, ...run } = row
  return run
}

/**
 * Applies what a rule has decided: `row` and `details` are the submission as it is now, or the same ones where it has not
 * changed. A new run is due when its siblings are, else now. The runs of a rejected submission are neither due nor listed.
 * `bodyOf` is asked for what the caller is sent about a run, if a notification is due.
 */
export function applyChange(
  state: SubmissionState,
  {
    row,
    details,
    runs,
    goneRunId,
  }: Pick<SubmissionState, 'row' | 'details'> & Pick<Change, 'runs' | 'goneRunId'>,
  at: number,
  bodyOf: (run: Run) => string | undefined,
): SubmissionState {
  const isListed = row.state !== 'rejected'
  const isTurned = isListed !== (state.row.state !== 'rejected')
  if (!isTurned && runs.length === 0 && goneRunId === null) return { ...state, row, details }
  const place = { dueAt: isListed ? (state.runs[0]?.dueAt ?? at) : null, isListed }
  const kept = state.runs
    .filter(({ runId }) => runId !== goneRunId)
    .map((known) => {
      const run = runs.find(({ runId }) => runId === known.runId)
      if (run === undefined) return isTurned ? { ...known, ...place } : known
      return withPlace(run, isTurned ? place : known)
    })
  const knownOf = ({ runId }: Run) => state.runs.find((known) => known.runId === runId)
  const added = runs.filter((run) => knownOf(run) === undefined).map((run) => withPlace(run, place))
  const notifications = runs.flatMap((run) => {
    const body = owesNotification(row, knownOf(run), run) ? bodyOf(run) : undefined
    return notificationOf(row.callerWebhookUrl, run, body, at) ?? []
  })
  return {
    row,
    details,
    runs: [...kept, ...added],
    notifications: [...state.notifications, ...notifications],
  }
}

export function withPlace(run: Run, { dueAt, isListed }: Pick<RunRow, 'dueAt' | 'isListed'>): RunRow {
  return { ...run, dueAt, isListed }
}

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
  }
}

/** The rows that differ. */
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
