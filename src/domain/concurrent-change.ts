import type { Run } from './run.ts'
import { SAVED_EXTENSION } from './saved-extension.ts'
import { isRejected, type Submission } from './submission.ts'

/** What another of our submissions may have changed in the asset since a run's baseline was taken. */
export type ConcurrentChange = {
  submissionId: string
  /** It may have replaced the file's content. */
  replacesFile: boolean
  setsDescription: boolean
  /** Names of the extensions that may have taken effect. */
  extensions: readonly string[]
}

/**
 * What another submission of the same asset may have changed since `run` was requested; null if nothing. `place` says whether the
 * other submission was inserted earlier or later than that of `run`. Of an earlier one, only what may have been unfinished when
 * `run` was requested counts, because the rest of its effect is in the baseline.
 */
export function concurrentChange(
  run: Pick<Run, 'requestedAt'>,
  other: Pick<Submission, 'submissionId' | 'kind' | 'state' | 'updatedAt' | 'setsDescription'>,
  otherRuns: readonly Run[],
  place: 'earlier' | 'later',
): ConcurrentChange | null {
  if (isRejected(other)) return null
  const isInBaseline = (doneAt: number) => place === 'earlier' && doneAt < run.requestedAt
  const isRequestInBaseline = other.state === 'accepted' && isInBaseline(other.updatedAt)
  const replacesFile = other.kind !== 'update' && !isRequestInBaseline
  const setsDescription = other.setsDescription && !isRequestInBaseline
  const extensions = otherRuns
    .filter((otherRun) => mayHaveEffect(otherRun) && !isInBaseline(doneAtOf(otherRun)))
    .map((otherRun) => otherRun.name)
  if (!replacesFile && !setsDescription && extensions.length === 0) return null
  return { submissionId: other.submissionId, replacesFile, setsDescription, extensions }
}

/** Whether one of these names may stand for the extension. A saved extension whose real name is unknown may stand for any. */
export function mayInclude(names: readonly string[], extension: string): boolean {
  return names.includes(extension) || names.includes(SAVED_EXTENSION)
}

function mayHaveEffect(run: Run): boolean {
  return run.status !== 'failed' || run.contradicted
}

function doneAtOf(run: Run): number {
  return run.status === 'pending' ? Number.POSITIVE_INFINITY : (run.settledAt ?? run.updatedAt)
}
