import type { Finding } from '../../../src/domain/finding.ts'
import type { Model, ModelRun } from './model.ts'
import { addObservation, finalObservation, presentObservation } from './run-rules.ts'

/** The runs that are due for a check by `now`, the longest due first. */
export function dueRuns(model: Model, now: number): ModelRun[] {
  return model.everyRun
    .filter(
      (run) =>
        !run.isRemoved && finalObservation(run) === undefined && run.dueAt !== null && run.dueAt <= now,
    )
    .toSorted((one, other) => (one.dueAt ?? 0) - (other.dueAt ?? 0))
}

/**
 * A finding counts only if its run has a due time and no final status, and its submission is not rejected. `unchanged` and
 * `timed_out` count only if `claim` is the run's due time. Returns what the store should return: `fileId` is the asset whose status
 * may have changed, or null.
 */
export function applyFinding(
  model: Model,
  run: ModelRun,
  finding: Finding,
  { at, claim }: { at: number; claim: number },
): { applied: boolean; fileId: string | null } {
  const { state, fileId } = run.submission
  if (run.isRemoved || state === 'rejected' || finalObservation(run) !== undefined || run.dueAt === null)
    return { applied: false, fileId: null }
  if ((finding.kind === 'unchanged' || finding.kind === 'timed_out') && run.dueAt !== claim)
    return { applied: false, fileId: null }
  switch (finding.kind) {
    case 'unchanged':
      run.dueAt = finding.dueAt
      return { applied: true, fileId: null }
    case 'evidence': {
      const { evidence, notificationBody } = finding
      addObservation(
        model,
        run,
        { by: 'reconcile', status: 'success', at, error: null, evidence },
        notificationBody,
        at,
      )
      return { applied: true, fileId }
    }
    case 'asset_gone':
    case 'timed_out': {
      run.dueAt = null
      if (presentObservation(run).status === 'expired') return { applied: true, fileId }
      const evidence = { kind: finding.kind }
      addObservation(model, run, { by: 'expiry', status: 'expired', at, error: null, evidence }, null, at)
      return { applied: true, fileId }
    }
  }
}

const MINUTE_MS = 60_000

/**
 * Passes the runs in insertion order, up to the first that is too young, and makes the pending ones due that have no due time yet.
 * Runs of rejected submissions count as not pending. A run dated more than a minute ahead counts as old.
 */
export function sweep(model: Model, now: number, overdueAfterMs: number): void {
  for (const run of model.everyRun.slice(model.sweptCount)) {
    const requestedAt = run.observations[0].at
    const isOld = requestedAt + overdueAfterMs <= now || requestedAt > now + MINUTE_MS
    if (!run.isRemoved && !isOld) return
    model.sweptCount += 1
    const isPending = presentObservation(run).status === 'pending' && run.submission.state !== 'rejected'
    if (!run.isRemoved && isPending) run.dueAt ??= Math.min(requestedAt + overdueAfterMs, now)
  }
}

/** Of the first `limit` bodies that are still stored, prunes those received before `receivedBefore`. Returns how many it pruned. */
export function prune(model: Model, receivedBefore: number, limit: number): number {
  const first = model.deliveries.filter(({ isPruned }) => !isPruned).slice(0, limit)
  const old = first.filter(({ receivedAt }) => receivedAt < receivedBefore)
  for (const stored of old) stored.isPruned = true
  return old.length
}
