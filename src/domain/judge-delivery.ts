import type { Json } from './json.ts'
import { observe, type RunOutcome } from './observe.ts'
import { type FinalStatus, type Run, requestedRun } from './run.ts'
import { countUnnamed, findPlaceholder } from './saved-extension.ts'
import type { Submission } from './submission.ts'

/** What an extension webhook says, as far as it could be read; null where it said nothing of the kind. */
export type ExtensionWord = {
  service: string | null
  status: FinalStatus | null
  fileId: string | null
  error: Json | null
}

/** Why a delivery was not applied. */
export type DeliveryCause =
  | 'unknown_shape'
  | 'unknown_status'
  | 'other_file'
  | 'not_requested'
  | 'unknown_submission'

/** What a fact changes: the submission as it is afterwards, the runs that are new or changed, and one that goes. */
export type Change = { submission: Submission; runs: Run[]; goneRunId: string | null }

export type DeliveryJudgement = Change & {
  outcome: RunOutcome
  cause: DeliveryCause | null
  /** The run that the delivery speaks of. */
  runId: string | null
}

/** Decides what an extension webhook does to the submission that its token names. Pure; `newRunId` is asked at most once. */
export function judgeDelivery(
  submission: Submission,
  runs: readonly Run[],
  word: ExtensionWord,
  newRunId: () => string,
  at: number,
): DeliveryJudgement {
  const { service, status } = word
  if (service === null) return ignore(submission, 'unknown_shape', null)
  const found = runs.find((run) => run.name === service)
  if (status === null) return ignore(submission, 'unknown_status', found)
  if (submission.fileId !== null && word.fileId !== null && word.fileId !== submission.fileId)
    return ignore(submission, 'other_file', undefined)

  const placeholder = findPlaceholder(runs)
  const run = found ?? (placeholder && named(placeholder, service, newRunId()))
  if (run === undefined) return ignore(submission, 'not_requested', undefined)

  const seen = observe(run, { source: 'webhook', status, error: word.error }, at)
  const after = seen.run === run && found !== undefined ? [] : [seen.run]
  const isNamed = found === undefined && countUnnamed(submission, [...runs, seen.run]) <= 0
  return {
    submission: confirm(submission, word.fileId, at),
    runs: after,
    goneRunId: isNamed && placeholder ? placeholder.runId : null,
    outcome: seen.outcome,
    cause: null,
    runId: seen.run.runId,
  }
}

/** A webhook proves that ImageKit took the submission, whatever we believed; the first fileId binds it. */
function confirm(submission: Submission, fileId: string | null, at: number): Submission {
  const bound = submission.fileId ?? fileId
  if (submission.state === 'accepted' && bound === submission.fileId) return submission
  return { ...submission, state: 'accepted', fileId: bound, error: null, updatedAt: at }
}

/** The run that a placeholder becomes once its real name is told. */
function named(placeholder: Run, name: string, runId: string): Run {
  const { submissionId, attempt, requestedAt } = placeholder
  return requestedRun({ runId, submissionId, name, attempt, at: requestedAt })
}

function ignore(
  submission: Submission,
  cause: DeliveryCause,
  run: Run | null | undefined,
): DeliveryJudgement {
  return { submission, runs: [], goneRunId: null, outcome: 'ignored', cause, runId: run?.runId ?? null }
}
