import { numberOf } from './ids.ts'
import type { Evidence, Run } from './run.ts'
import type { Submission } from './submission.ts'

/**
 * A pending run that is due, or an expired one whose file has changed since, with everything its evidence is assessed against.
 */
export type DueRun = {
  run: Run
  /** When it became due. */
  dueAt: number
  submission: Submission
  /** The names of the submission's other runs. */
  siblings: string[]
  /** The other submissions among the newest 100 of the asset, with their runs; `place` is their position by insertion. */
  others: { submission: Submission; runs: Run[]; place: 'earlier' | 'later' }[]
}

/** `runs` are those of its submission. `ofAsset` are the newest submissions of its asset, which may include its own. */
export function describeDueRun(facts: {
  run: Run
  dueAt: number
  submission: Submission
  runs: readonly Run[]
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

/** The result of checking a due run. `unchanged`: it is checked again at `dueAt`; if null, once its file changes. */
export type Finding =
  | {
      kind: 'evidence'
      evidence: Evidence
      /** The notification for a caller with its own `webhookUrl`: ImageKit's payload, made from the file's details. */
      notificationBody: string
    }
  | { kind: 'asset_gone' }
  | { kind: 'timed_out' }
  | { kind: 'unchanged'; dueAt: number | null }
