import type { Finding } from '../../../src/domain/finding.ts'
import type { Model, ModelRun } from './model.ts'
import { finalWord, hear, presentWord } from './run-rules.ts'

/** Those that wait for a look at ImageKit by `now`, the longest due first. */
export function dueRuns(model: Model, now: number): ModelRun[] {
  return model.everyRun
    .filter((run) => !run.isGone && finalWord(run) === undefined && run.dueAt !== null && run.dueAt <= now)
    .toSorted((one, other) => (one.dueAt ?? 0) - (other.dueAt ?? 0))
}

/**
 * What was found of a run counts while it is pending, or expired and due, and its submission is not rejected. That nothing was
 * found counts for who has claimed the run.
 */
export function hearFinding(
  model: Model,
  run: ModelRun,
  finding: Finding,
  { at, claim }: { at: number; claim: number },
): { applied: boolean; fileId: string | null } {
  const { state, fileId } = run.submission
  if (run.isGone || state === 'rejected' || finalWord(run) !== undefined || run.dueAt === null)
    return { applied: false, fileId: null }
  if ((finding.kind === 'unchanged' || finding.kind === 'timed_out') && run.dueAt !== claim)
    return { applied: false, fileId: null }
  switch (finding.kind) {
    case 'unchanged':
      run.dueAt = finding.dueAt
      return { applied: true, fileId: null }
    case 'evidence': {
      const { evidence, notice } = finding
      hear(model, run, { by: 'reconcile', word: 'success', at, error: null, evidence }, notice, at)
      return { applied: true, fileId }
    }
    case 'asset_gone':
    case 'timed_out': {
      run.dueAt = null
      if (presentWord(run).word === 'expired') return { applied: true, fileId }
      const evidence = { kind: finding.kind }
      hear(model, run, { by: 'expiry', word: 'expired', at, error: null, evidence }, null, at)
      return { applied: true, fileId }
    }
  }
}

const MINUTE = 60_000

/** Goes through the runs as they were inserted, and stops at the first that is too young; far ahead is not young. */
export function sweep(model: Model, now: number, overdueAfterMs: number): void {
  for (const run of model.everyRun.slice(model.swept)) {
    const requestedAt = run.sayings[0].at
    const isOld = requestedAt + overdueAfterMs <= now || requestedAt > now + MINUTE
    if (!run.isGone && !isOld) return
    model.swept += 1
    const isPending = presentWord(run).word === 'pending' && run.submission.state !== 'rejected'
    if (!run.isGone && isPending) run.dueAt ??= Math.min(requestedAt + overdueAfterMs, now)
  }
}

/** Of the `limit` bodies that came first, those that are older go. */
export function prune(model: Model, receivedBefore: number, limit: number): number {
  const first = model.kept.filter(({ isPruned }) => !isPruned).slice(0, limit)
  const old = first.filter(({ receivedAt }) => receivedAt < receivedBefore)
  for (const kept of old) kept.isPruned = true
  return old.length
}
