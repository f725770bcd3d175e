import { isFinal, type Run } from './run.ts'

export const SAVED_EXTENSION = 'saved-extension'

/** What a submission requests. */
type Requested = { extensions: readonly { name: string }[] }

/**
 * The placeholder run of a saved extension whose real name is unknown. ImageKit reports a saved extension under the name of the
 * extension that it runs, so the placeholder itself seldom gets a result.
 */
export function findPlaceholder(runs: readonly Run[]): Run | undefined {
  return runs.find((run) => run.name === SAVED_EXTENSION && !isFinal(run.status))
}

/**
 * The number of the submission's saved extensions that neither a lookup, a response nor a webhook has named yet. None is expected to be
 * named without a placeholder, or once that is final.
 */
export function countUnnamed(submission: Requested, runs: readonly Run[]): number {
  if (findPlaceholder(runs) === undefined) return 0
  const saved = submission.extensions.filter((extension) => extension.name === SAVED_EXTENSION).length
  return saved - runs.filter((run) => run.requestedAs === SAVED_EXTENSION).length
}

/** The placeholder, if it must be removed because every saved extension of the submission has been named; else null. */
export function placeholderToRemove(submission: Requested, runs: readonly Run[]): Run | null {
  return countUnnamed(submission, runs) <= 0 ? (findPlaceholder(runs) ?? null) : null
}

/** The run of a saved extension under its real name. It has the other values of the placeholder, if that still exists. */
export function namedRun(fresh: Run, placeholder: Run | undefined): Run {
  const { runId, name } = fresh
  return { ...(placeholder ?? fresh), runId, name, requestedAs: SAVED_EXTENSION }
}
