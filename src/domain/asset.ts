import type { Run, RunStatus } from './run.ts'

export type AssetState = RunStatus | 'none'

/**
 * The facts about an asset. `runs`: at least its current runs, from submissions that are not `rejected`, in insertion order of
 * the submissions and then of the runs. `recordedAt`: when its newest submission that is not `rejected` last changed.
 */
export type AssetFacts = { fileId: string; recordedAt: number; runs: Run[] }

export type Asset = { fileId: string; status: AssetState; runs: Run[]; updatedAt: number }

/** The asset with its current runs: for each extension, the run of the newest submission by insertion. */
export function describeAsset(facts: AssetFacts): Asset {
  const newest = new Map<string, Run>()
  for (const run of facts.runs) {
    newest.delete(run.name)
    // The run also replaces the placeholder of an older submission. A placeholder of its own submission stays: it stands for
    // another saved extension.
    const placeholder = run.requestedAs === null ? undefined : newest.get(run.requestedAs)
    if (placeholder && placeholder.submissionId !== run.submissionId) newest.delete(placeholder.name)
    newest.set(run.name, run)
  }
  const runs = [...newest.values()]
  const updatedAt = runs.length === 0 ? facts.recordedAt : Math.max(...runs.map((run) => run.updatedAt))
  return { fileId: facts.fileId, status: overallStatus(runs), runs, updatedAt }
}

const BY_PRIORITY = ['pending', 'failed', 'expired', 'success'] as const satisfies RunStatus[]

/** The first of `pending`, `failed`, `expired` and `success` that any of the runs has; `none` without runs. */
export function overallStatus(runs: readonly Pick<Run, 'status'>[]): AssetState {
  return BY_PRIORITY.find((status) => runs.some((run) => run.status === status)) ?? 'none'
}
