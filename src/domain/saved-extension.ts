import type { Run } from './run.ts'
import type { Submission } from './submission.ts'

const SAVED_EXTENSION = 'saved-extension'

/**
 * The placeholder among the runs that stands for a saved extension whose real name is not known yet.
 * ImageKit reports a saved extension under the name of what it runs, so the placeholder itself never gets a word.
 */
export function findPlaceholder(runs: readonly Run[]): Run | undefined {
  return runs.find(
    (run) => run.name === SAVED_EXTENSION && run.status !== 'success' && run.status !== 'failed',
  )
}

export function isRequested(submission: Submission, name: string): boolean {
  return submission.extensions.some((extension) => extension.name === name)
}

/** How many saved extensions of the submission have not been named yet by a response or a webhook. */
export function countUnnamed(submission: Submission, runs: readonly Run[]): number {
  const saved = submission.extensions.filter((extension) => extension.name === SAVED_EXTENSION).length
  const named = runs.filter((run) => !isRequested(submission, run.name)).length
  return saved - named
}
