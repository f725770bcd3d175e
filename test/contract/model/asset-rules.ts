import type { Model, ModelRun } from './model.ts'
import { presentWord } from './run-rules.ts'

/** The submissions that speak for an asset, the newest last. */
function submissionsOf(model: Model, fileId: string) {
  return model.submissions.filter((known) => known.fileId === fileId && known.state !== 'rejected')
}

/**
 * Of each name the run of the newest submission that asked for it. A run that was asked for under another name speaks for
 * that name too: what older submissions had under it is history.
 */
function currentRuns(model: Model, fileId: string): ModelRun[] {
  const runs = submissionsOf(model, fileId).flatMap((submission) => submission.runs)
  return [...new Set(runs.map(({ name }) => name))].flatMap((name) => {
    const newest = runs.findLast((run) => run.name === name || run.requestedAs === name)?.submission
    return newest?.runs.filter((run) => run.name === name) ?? []
  })
}

function overall(words: readonly string[]): string {
  if (words.length === 0) return 'none'
  if (words.includes('pending')) return 'pending'
  if (words.includes('failed')) return 'failed'
  return words.includes('expired') ? 'expired' : 'success'
}

/** The asset as it should be told; undefined where no submission speaks for it. */
export function describeModelAsset(model: Model, fileId: string) {
  const submissions = submissionsOf(model, fileId)
  const newest = submissions.at(-1)
  if (newest === undefined) return undefined
  const runs = currentRuns(model, fileId)
  const current = new Set(runs.map((run) => `${run.name} of ${run.submission.submissionId}`))
  return {
    status: overall(runs.map((run) => presentWord(run).word)),
    current,
    // Nothing but the current runs is kept with an asset.
    kept: current,
    recordedAt: newest.updatedAt,
  }
}
