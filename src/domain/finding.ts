import { numberOf } from './ids.ts'
import type { Evidence, Run } from './run.ts'
import type { Submission } from './submission.ts'

/**
 * A run that is due for a check, with everything that is compared to find evidence. It is pending, or it expired and became due
 * again, for example because its file changed.
 */
export type DueRun = {
  run: Run
  /** When the run became due. */
  dueAt: number
  submission: Submission
  /** The names of the submission's other runs. */
  siblings: string[]
  /** The other submissions among the newest 100 of the asset, with their runs; `place` is their position by insertion. */
  others: { submission: Submission; runs: Run[]; place: 'earlier' | 'later' }[]
}

/** Makes a `DueRun` from the rows about it. */
export function describeDueRun(facts: {
  run: Run
  dueAt: number
  submission: Submission
  /** All runs of the submission. */
  runs: readonly Run[]
  /** The newest submissions of the asset, which may include this one. */
  ofAsset: readonly { submission: Submission; runs: Run[] }[]
}): DueRun {
  const { run, dueAt, submission, runs, ofAsset } = facts
  const { submissionId } = submission
  const isEarlier = (other: Submission) => numberOf(other.submissionId) < numberOf(submissionId)
  return {
    run,
    dueAt,
    submission,
    siblings: runs.filter(({ runId }) => runId !== run.runId).map(({ name }) => name),
    others: ofAsset
      .filter((other) => other.submission.submissionId !== submissionId)
      .map((other) => ({ ...other, place: isEarlier(other.submission) ? 'earlier' : 'later' })),
  }
}

/** The result of checking a due run. */
export type Finding =
  | {
      kind: 'evidence'
      evidence: Evidence
      /** The notification for a caller with its own `webhookUrl`: ImageKit's payload, made from the file's details. */
      notificationBody: string
    }
  | { kind: 'asset_gone' }
  /** `EXPIRE_AFTER` has passed without evidence. */
  | { kind: 'timed_out' }
  /** The status stays. The run is checked again at `dueAt`; if `dueAt` is null, only once its file changes. */
  | { kind: 'unchanged'; dueAt: number | null }
