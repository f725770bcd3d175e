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

export function runOf({ dueAt: _, isListed: __, ...run }: RunRow): Run {
  return run
}

/**
 * Applies what a rule has decided. A new run is due when its siblings are, else now. The runs of a rejected submission are
 * neither due nor listed. `bodyOf` is asked for what the caller is sent about a run, if a notification is due.
 */
export function applyChange(
  state: SubmissionState,
  change: Change<Pick<Submission, 'state' | 'fileId' | 'error' | 'updatedAt'> & Partial<Submission>>,
  at: number,
  bodyOf: (run: Run) => string | undefined,
): SubmissionState {
  const { submission, goneRunId } = change
  const { row, details } = state
  const isListed = submission.state !== 'rejected'
  const isTurned = isListed !== (row.state !== 'rejected')
  const place = { dueAt: isListed ? (state.runs[0]?.dueAt ?? at) : null, isListed }
  const changed = new Map(change.runs.map((run) => [run.runId, run]))
  const kept = state.runs
    .filter(({ runId }) => runId !== goneRunId)
    .map((known) => {
      const run = changed.get(known.runId)
      if (run === undefined) return isTurned ? { ...known, ...place } : known
      const { dueAt } = known
      return { ...run, ...(isTurned ? place : { dueAt, isListed: known.isListed }) }
    })
  const known = new Map(state.runs.map((run) => [run.runId, run]))
  const added = change.runs.filter(({ runId }) => !known.has(runId)).map((run) => ({ ...run, ...place }))
  const notifications = change.runs.flatMap((run) => {
    const isOwed = owesNotification(row, known.get(run.runId), run)
    return notificationOf(row.callerWebhookUrl, run, isOwed ? bodyOf(run) : undefined, at) ?? []
  })
  const { baseline = details.baseline } = submission
  return {
    row: { ...row, ...headOf(submission) },
    details: baseline === details.baseline ? details : { ...details, baseline },
    runs: [...kept, ...added],
    notifications: [...state.notifications, ...notifications],
  }
}

function headOf({ extensions: _, baseline: __, ...head }: Partial<Submission>): Partial<SubmissionRow> {
  return head
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
  const known = new Map(before.runs.map((run) => [run.runId, run]))
  const left = new Set(after.runs.map(({ runId }) => runId))
  return {
    insert: {
      runs: after.runs.filter(({ runId }) => !known.has(runId)),
      notifications: after.notifications,
    },
    update: {
      submissions: isEqual(before.row, after.row) ? [] : [after.row],
      details: before.details === after.details ? [] : [after.details],
      runs: after.runs.filter((run) => known.has(run.runId) && known.get(run.runId) !== run),
    },
    remove: { runs: before.runs.map(({ runId }) => runId).filter((runId) => !left.has(runId)) },
  }
}

function isEqual(one: SubmissionRow, other: SubmissionRow): boolean {
  return Object.entries(one).every(([name, value]) => other[name as keyof SubmissionRow] === value)
}
