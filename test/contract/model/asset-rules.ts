import type { Model, ModelRun } from './model.ts'
import { presentObservation } from './run-rules.ts'

/** The submissions of an asset, without rejected ones, the newest last. */
function submissionsOf(model: Model, fileId: string) {
  return model.submissions.filter((known) => known.fileId === fileId && known.state !== 'rejected')
}

/**
 * The current runs: for each name, the run of the newest submission that has, or had, a run of that name. A run with `requestedAs`
 * shows that its submission had that placeholder, so the placeholders of older submissions are not current.
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

/** The asset as the store should return it; undefined if it has only rejected submissions, or none. */
export function describeModelAsset(model: Model, fileId: string) {
  const submissions = submissionsOf(model, fileId)
  const newest = submissions.at(-1)
  if (newest === undefined) return undefined
  const runs = currentRuns(model, fileId)
  const current = new Set(runs.map((run) => `${run.name} of ${run.submission.submissionId}`))
  return {
    status: overallStatus(runs.map((run) => presentObservation(run).status)),
    current,
    // `AssetFacts` may also contain superseded runs, but the stores return only the current ones.
    returned: current,
    recordedAt: newest.updatedAt,
  }
}
