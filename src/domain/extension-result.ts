import type { Json } from './json.ts'
import { observe, type RunOutcome } from './observe.ts'
import { type FinalStatus, type Run, requestedRun } from './run.ts'
import { countUnnamed, findPlaceholder, namedRun, placeholderToGo } from './saved-extension.ts'
import type { Submission } from './submission.ts'

/** What an extension webhook says, as far as it could be read; null where it said nothing of the kind. */
export type ExtensionResult = {
  service: string | null
  status: FinalStatus | null
  fileId: string | null
  error: Json | null
}

/** Why a delivery was not applied. */
export type DeliveryCause = 'unknown_shape' | 'unknown_status' | 'other_file' | 'not_requested' | 'forgotten'

/** What deciding a delivery requires of its submission. The rest may be large. */
export type BoundSubmission = Pick<
  Submission,
  'submissionId' | 'state' | 'fileId' | 'error' | 'createdAt' | 'updatedAt'
>

/** What a fact changes: the submission as it is afterwards, the runs that are new or changed, and one that goes. */
export type Change<S = Submission> = { submission: S; runs: Run[]; goneRunId: string | null }

export type DeliveryDecision<S extends BoundSubmission = BoundSubmission> = Change<S> & {
  outcome: RunOutcome
  cause: DeliveryCause | null
  /** The run that the delivery speaks of. */
  runId: string | null
}

/**
 * Decides what an extension webhook does to the submission that its token names. Pure; `newRunId` is asked at most once. `runs`
 * may be in any order. If the run that the delivery speaks of is among them, they need not be all runs of the submission, and
 * the requested `extensions` need not be known.
 */
export function decideDelivery<S extends BoundSubmission>(
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
  const run = known ?? namedRun(nextRun(submission, runs, service, newRunId()), placeholder)
  const seen = observe(run, { source: 'webhook', status, error: result.error }, at)
  const gone = known === undefined ? placeholderToGo({ extensions }, [...runs, seen.run]) : null
  return {
    submission: confirm(submission, result.fileId, at),
    runs: seen.run === known ? [] : [seen.run],
    goneRunId: gone?.runId ?? null,
    outcome: seen.outcome,
    cause: null,
    runId: seen.run.runId,
  }
}

/** A run of the submission that was not among those it asked for. */
export function nextRun(
  submission: Pick<Submission, 'submissionId' | 'createdAt'>,
  runs: readonly Run[],
  name: string,
  runId: string,
): Run {
  const { submissionId, createdAt } = submission
  return requestedRun({ runId, submissionId, name, attempt: runs[0]?.attempt ?? 1, at: createdAt })
}

export function isOtherFile(submission: Pick<Submission, 'fileId'>, fileId: string | null): boolean {
  return submission.fileId !== null && fileId !== null && fileId !== submission.fileId
}

/** A webhook proves that ImageKit took the submission, whatever we believed; the first fileId binds it. */
function confirm<S extends BoundSubmission>(submission: S, fileId: string | null, at: number): S {
  const bound = submission.fileId ?? fileId
  if (submission.state === 'accepted' && bound === submission.fileId) return submission
  return { ...submission, state: 'accepted', fileId: bound, error: null, updatedAt: at }
}

function ignore<S extends BoundSubmission>(
  submission: S,
  cause: DeliveryCause,
  runId: string | null,
): DeliveryDecision<S> {
  return { submission, runs: [], goneRunId: null, outcome: 'ignored', cause, runId }
}
