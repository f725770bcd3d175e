import type { Finding } from '../../../src/domain/finding.ts'
import type { Model, ModelRun } from './model.ts'
import { finalWord, hear, presentWord } from './run-rules.ts'

/** What was found of a run counts while it is pending, or expired and due, and its submission is not rejected. */
export function hearFinding(
  model: Model,
  run: ModelRun,
  finding: Finding,
  at: number,
): { applied: boolean; fileId: string | null } {
  const { state, fileId } = run.submission
  if (run.isGone || state === 'rejected' || finalWord(run) !== undefined || run.dueAt === null)
    return { applied: false, fileId: null }
  switch (finding.kind) {
    case 'nothing':
      run.dueAt = finding.dueAt
      return { applied: true, fileId: null }
    case 'evidence': {
      const { evidence, notice } = finding
      hear(model, run, { by: 'reconcile', word: 'success', at, error: null, evidence }, notice, at)
      return { applied: true, fileId }
    }
    case 'asset_gone':
    case 'no_word': {
      run.dueAt = null
      if (presentWord(run).word === 'expired') return { applied: true, fileId }
      const evidence = { kind: finding.kind }
      hear(model, run, { by: 'expiry', word: 'expired', at, error: null, evidence }, null, at)
      return { applied: true, fileId }
    }
  }
}

/** Of the `limit` bodies that came first, those that are older go. */
export function prune(model: Model, receivedBefore: number, limit: number): number {
  const first = model.kept.filter(({ isPruned }) => !isPruned).slice(0, limit)
  const old = first.filter(({ receivedAt }) => receivedAt < receivedBefore)
  for (const kept of old) kept.isPruned = true
  return old.length
}
