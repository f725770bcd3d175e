import type { Model, ModelRun } from './model.ts'
import { presentObservation } from './run-rules.ts'

/** The submissions that count for an asset, the newest last. */
function submissionsOf(model: Model, fileId: string) {
  return model.submissions.filter((known) => known.fileId === fileId && known.state !== 'rejected')
}

/**
 * For each name, the run of the newest submission that requested it. A run that was requested under another name also counts for
 * that name: older submissions' runs of that name are history.
 */
function currentRuns(model: Model, fileId: string): ModelRun[] {
  const runs = submissionsOf(model, fileId).flatMap((submission) => submission.runs)
  return [...new Set(runs.map(({ name }) => name))].flatMap((name) => {
    const newest = runs.findLast((run) => run.name === name || run.requestedAs === name)?.submission
    return newest?.runs.filter((run) => run.name === name) ?? []
  })
}

function overallStatus(statuses: readonly string[]): string {
  if (statuses.length === 0) return 'none'
  if (statuses.includes('pending')) return 'pending'
  if (statuses.includes('failed')) return 'failed'
  return statuses.includes('expired') ? 'expired' : 'success'
}

/** The asset as the store should return it; undefined if no submission counts for it. */
export function describeModelAsset(model: Model, fileId: string) {
  const submissions = submissionsOf(model, fileId)
  const newest = submissions.at(-1)
  if (newest === undefined) return undefined
  const runs = currentRuns(model, fileId)
  const current = new Set(runs.map((run) => `${run.name} of ${run.submission.submissionId}`))
  return {
    status: overallStatus(runs.map((run) => presentObservation(run).status)),
    current,
    // Only the current runs are stored with an asset.
    stored: current,
    recordedAt: newest.updatedAt,
  }
}
