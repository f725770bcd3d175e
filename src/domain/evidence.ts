import { type ConcurrentChange, mayRun } from './concurrent-change.ts'
import type { Evidence, FileVersion } from './status-reason.ts'
import type { Baseline } from './submission.ts'

/** What a file is like now, told by ImageKit itself. */
export type FileFacts = Pick<
  Baseline,
  'versionId' | 'versionName' | 'aiTags' | 'description' | 'updatedAt'
> & {
  fileId: string
  /** Null where ImageKit does not say. */
  hasAlpha: boolean | null
}

/** What else may have made a change. `other_version`: the file has a version that no extension of ours has made. */
type Explanation = { kind: 'submission'; submissionId: string } | { kind: 'other_version' }

/** `no_rule`: nothing of what this extension does can be told from the file. Nothing here ever shows a failure. */
export type EvidenceAssessment =
  | { kind: 'evidence'; evidence: Evidence }
  | { kind: 'explained'; evidence: Evidence; by: Explanation }
  | { kind: 'unchanged'; cause: 'no_rule' | 'no_change' }

/**
 * A run in question; `siblings` are the other extensions of its submission. `mayFillBackground`: what its submission asks of
 * remove-bg may give an image without transparency.
 */
export type AskedRun = { name: string; siblings: readonly string[]; mayFillBackground: boolean }

/** The evidence that a run has succeeded; null where there is none, or where it can be explained otherwise. */
export function findEvidence(
  run: AskedRun,
  baseline: Baseline,
  seen: FileFacts,
  others: readonly ConcurrentChange[],
): Evidence | null {
  const weighing = assessEvidence(run, baseline, seen, others)
  return weighing.kind === 'evidence' ? weighing.evidence : null
}

/** The same with the reason why not. */
export function assessEvidence(
  run: AskedRun,
  baseline: Baseline,
  seen: FileFacts,
  others: readonly ConcurrentChange[],
): EvidenceAssessment {
  if (run.name === 'ai-tasks') return { kind: 'unchanged', cause: 'no_rule' }
  const evidence = findChange(run.name, baseline, seen)
  if (evidence === null) return { kind: 'unchanged', cause: 'no_change' }
  const other = others.find((request) => mayHaveMade(evidence, run.name, request))
  if (other)
    return { kind: 'explained', evidence, by: { kind: 'submission', submissionId: other.submissionId } }
  if (isOtherVersion(run, baseline, seen, others))
    return { kind: 'explained', evidence, by: { kind: 'other_version' } }
  return { kind: 'evidence', evidence }
}

/** Any extension may be a tagger: its tags bear its name. */
function findChange(name: string, baseline: Baseline, seen: FileFacts): Evidence | null {
  switch (name) {
    case 'remove-bg':
      return findNewerVersion(baseline, seen)
    case 'ai-auto-description':
      return findNewDescription(baseline, seen)
    default:
      return findNewTags(name, baseline, seen)
  }
}

function findNewTags(source: string, baseline: Baseline, seen: FileFacts): Evidence | null {
  const before = tagsOf(baseline, source)
  const now = tagsOf(seen, source)
  const had = new Set(before)
  const isNew = now.some((tag) => !had.has(tag))
  return isNew ? { kind: 'new_ai_tags', source, before, now } : null
}

/** A source may be called anything, `constructor` too. */
function tagsOf(facts: Pick<Baseline, 'aiTags'>, source: string): string[] {
  return Object.hasOwn(facts.aiTags, source) ? (facts.aiTags[source] ?? []) : []
}

function findNewDescription(baseline: Baseline, seen: FileFacts): Evidence | null {
  const now = seen.description
  if (now === null || now.trim() === '' || now.trim() === baseline.description?.trim()) return null
  return { kind: 'new_description', before: baseline.description, now }
}

function findNewerVersion(
  baseline: Baseline,
  seen: FileFacts,
): (Evidence & { kind: 'newer_version' }) | null {
  const before = versionOf(baseline)
  const now = versionOf(seen)
  if (before === null || now === null || before.id === now.id) return null
  const [was, is] = [numberOf(before), numberOf(now)]
  const isOlder = was !== null && is !== null && is <= was
  return isOlder ? null : { kind: 'newer_version', before, now }
}

function versionOf(facts: Pick<Baseline, 'versionId' | 'versionName'>): FileVersion | null {
  return facts.versionId === null ? null : { id: facts.versionId, name: facts.versionName }
}

/** ImageKit calls them `Version 1`, `Version 2`, …; a restored version keeps its number. */
function numberOf(version: FileVersion): number | null {
  const digits = /^Version (\d{1,9})$/i.exec(version.name ?? '')?.[1]
  return digits === undefined ? null : Number(digits)
}

function mayHaveMade(evidence: Evidence, extension: string, other: ConcurrentChange): boolean {
  if (other.replacesFile || mayRun(other.extensions, extension)) return true
  return evidence.kind === 'new_description' && other.setsDescription
}

/**
 * Somebody outside has uploaded or restored a version, which may bring tags and a description of its own. A newer version
 * where we have asked for remove-bg is remove-bg's, which carries the file's details on, unless it has the background still.
 */
function isOtherVersion(
  run: AskedRun,
  baseline: Baseline,
  seen: FileFacts,
  others: readonly ConcurrentChange[],
): boolean {
  const before = versionOf(baseline)
  const now = versionOf(seen)
  if (before === null || now === null || before.id === now.id) return false
  if (seen.hasAlpha === false && !run.mayFillBackground) return true
  const asked = [run.name, ...run.siblings, ...others.flatMap((other) => other.extensions)]
  return findNewerVersion(baseline, seen) === null || !mayRun(asked, 'remove-bg')
}
