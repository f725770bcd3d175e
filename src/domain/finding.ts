import { numberOf } from './ids.ts'
import type { Run } from './run.ts'
import type { Evidence } from './status-reason.ts'
import type { Submission } from './submission.ts'

/** A pending run whose time has come, or an expired one whose file has changed since, with what its evidence has to be weighed against. */
export type DueRun = {
  run: Run
  /** When it was due. */
  dueAt: number
  submission: Submission
  /** The names of the submission's other runs. */
  siblings: string[]
  /** The other ones of the last 100 submissions of the same asset, with their runs; `place` is where they stand by insertion. */
  others: { submission: Submission; runs: Run[]; place: 'earlier' | 'later' }[]
}

/** `runs` are those of its submission. `ofAsset` are the last submissions of its asset, its own perhaps among them. */
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

/** What a look at ImageKit says of a due run. `unchanged`: it is looked at again at `dueAt`; with null, once its file changes. */
export type Finding =
  | {
      kind: 'evidence'
      evidence: Evidence
      /** What a caller with a `webhookUrl` of its own is told: ImageKit's payload, made from the file's details. */
      notice: string
    }
  | { kind: 'asset_gone' }
  | { kind: 'timed_out' }
  | { kind: 'unchanged'; dueAt: number | null }
