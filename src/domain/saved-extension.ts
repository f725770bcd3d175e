import { isFinal, type Run } from './run.ts'
import type { Submission } from './submission.ts'

export const SAVED_EXTENSION = 'saved-extension'

/**
 * The placeholder among the runs that stands for a saved extension whose real name is not known yet. ImageKit reports a
 * saved extension under the name of what it runs, so the placeholder itself seldom gets a word.
 */
export function findPlaceholder(runs: readonly Run[]): Run | undefined {
  return runs.find((run) => run.name === SAVED_EXTENSION && !isFinal(run.status))
}

/** How many saved extensions of the submission have not been named yet by a response or a webhook. */
export function countUnnamed(submission: Pick<Submission, 'extensions'>, runs: readonly Run[]): number {
  if (runs.some((run) => run.name === SAVED_EXTENSION && isFinal(run.status))) return 0
  const saved = submission.extensions.filter((extension) => extension.name === SAVED_EXTENSION).length
  return saved - runs.filter((run) => run.requestedAs === SAVED_EXTENSION).length
}

/** The placeholder that goes, now that every saved extension of the submission has been named; null where it stays. */
export function placeholderToGo(
  submission: Pick<Submission, 'extensions'>,
  runs: readonly Run[],
): Run | null {
  return countUnnamed(submission, runs) <= 0 ? (findPlaceholder(runs) ?? null) : null
}

/** The run that a saved extension turns out to be. It is as old as the placeholder, where that is still there. */
export function namedRun(fresh: Run, placeholder: Run | undefined): Run {
  const { runId, name } = fresh
  return { ...(placeholder ?? fresh), runId, name, requestedAs: SAVED_EXTENSION }
}
