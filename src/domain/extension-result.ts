import { decideStatus, type RunOutcome } from './decide-status.ts'
import type { Json } from './json.ts'
import { type FinalStatus, type Run, requestedRun } from './run.ts'
import { countUnnamed, findPlaceholder, namedRun, placeholderToRemove } from './saved-extension.ts'
import type { Submission } from './submission.ts'

/** The content of an extension webhook, as far as it could be parsed; missing values are null. */
export type ExtensionResult = {
  service: string | null
  status: FinalStatus | null
  fileId: string | null
  error: Json | null
}

/** Why a delivery was ignored. `forgotten`: its submission or asset was deleted on request. */
export type DeliveryCause = 'unknown_shape' | 'unknown_status' | 'other_file' | 'not_requested' | 'forgotten'

/** The part of a submission that deciding a delivery needs. The rest may be large. */
export type SubmissionHead = Pick<
  Submission,
  'submissionId' | 'state' | 'fileId' | 'error' | 'createdAt' | 'updatedAt'
>

/** The changes caused by a fact: the submission afterwards, the new and changed runs, and the id of a run that is removed. */
export type Change<S = Submission> = { submission: S; runs: Run[]; removedRunId: string | null }

export type DeliveryDecision<S extends SubmissionHead = SubmissionHead> = Change<S> & {
  outcome: RunOutcome
  cause: DeliveryCause | null
  /** The run that the delivery reports on; null if the submission has no such run, or the delivery names another file. */
  runId: string | null
}

/**
 * Decides the effect of an extension webhook on the submission that its token names. Pure; calls `newRunId` at most once. `runs`
 * may be in any order. If it includes the run that the delivery reports on, the submission's other runs and its requested
 * `extensions` may be missing.
 */
export function decideDelivery<S extends SubmissionHead>(
  submission: S,
  { runs, extensions }: { runs: readonly Run[]; extensions: Submission['extensions'] },
  result: ExtensionResult,
  newRunId: () => string,
  at: number,
): DeliveryDecision<S> {
  const { service, status } = result
  if (service === null) return ignore(submission, 'unknown_shape', null)
  if (isOtherFile(submission, result.fileId)) return ignore(submission, 'other_file', null)
  const known = runs.find((run) => run.name === service)
  if (status === null) return ignore(submission, 'unknown_status', known?.runId ?? null)
  if (known === undefined && countUnnamed({ extensions }, runs) <= 0)
    return ignore(submission, 'not_requested', null)

  const placeholder = findPlaceholder(runs)
  const run = known ?? namedRun(unrequestedRun(submission, runs, service, newRunId()), placeholder)
  const observed = decideStatus(run, { source: 'webhook', status, error: result.error }, at)
  const removed = known === undefined ? placeholderToRemove({ extensions }, [...runs, observed.run]) : null
  return {
    submission: confirm(submission, result.fileId, at),
    runs: observed.run === known ? [] : [observed.run],
    removedRunId: removed?.runId ?? null,
    outcome: observed.outcome,
    cause: null,
    runId: observed.run.runId,
  }
}

/** A new run for an extension that the submission did not request by this name. Its attempt number is that of the other runs. */
export function unrequestedRun(
  submission: Pick<Submission, 'submissionId' | 'createdAt'>,
  runs: readonly Run[],
  name: string,
  runId: string,
): Run {
  const { submissionId, createdAt } = submission
  return requestedRun({ runId, submissionId, name, attempt: runs[0]?.attempt ?? 1, at: createdAt })
}

/** Whether the submission is bound to a file other than `fileId`. False while either of them is unknown. */
export function isOtherFile(submission: Pick<Submission, 'fileId'>, fileId: string | null): boolean {
  return submission.fileId !== null && fileId !== null && fileId !== submission.fileId
}

/** A webhook proves that ImageKit accepted the submission, whatever its recorded state is. The first fileId binds it. */
function confirm<S extends SubmissionHead>(submission: S, fileId: string | null, at: number): S {
  const bound = submission.fileId ?? fileId
  if (submission.state === 'accepted' && bound === submission.fileId) return submission
  return { ...submission, state: 'accepted', fileId: bound, error: null, updatedAt: at }
}

function ignore<S extends SubmissionHead>(
  submission: S,
  cause: DeliveryCause,
  runId: string | null,
): DeliveryDecision<S> {
  return { submission, runs: [], removedRunId: null, outcome: 'ignored', cause, runId }
}
