import { type ConcurrentChange, mayInclude } from './concurrent-change.ts'
import type { Evidence, FileVersion } from './run.ts'
import { SAVED_EXTENSION } from './saved-extension.ts'
import type { Baseline, RequestedExtension } from './submission.ts'

/** The present state of a file, as ImageKit reports it. */
export type FileFacts = Pick<
  Baseline,
  'versionId' | 'versionName' | 'aiTags' | 'description' | 'updatedAt'
> & {
  fileId: string
  /** Null if ImageKit does not report it. */
  hasAlpha: boolean | null
}

/** Another possible cause of a change. `other_version`: the file has a version that no requested extension made. */
type Explanation = { kind: 'submission'; submissionId: string } | { kind: 'other_version' }

/**
 * `evidence`: the run succeeded. `explained`: the file has changed, but something else may have caused it. `no_rule`: this extension
 * leaves no recognisable trace in the file. Evidence never shows a failure.
 */
export type EvidenceAssessment =
  | { kind: 'evidence'; evidence: Evidence }
  | { kind: 'explained'; evidence: Evidence; by: Explanation }
  | { kind: 'unchanged'; cause: 'no_rule' | 'no_change' }

/**
 * The run to assess. `siblings`: the other extensions of its submission. `mayFillBackground`: with the options of its submission,
 * remove-bg may produce an image without transparency.
 */
export type AssessedRun = { name: string; siblings: readonly string[]; mayFillBackground: boolean }

/** The evidence that a run succeeded; null if there is none, or if something else may have caused the change. */
export function findEvidence(
  run: AssessedRun,
  baseline: Baseline,
  current: FileFacts,
  others: readonly ConcurrentChange[],
): Evidence | null {
  const assessment = assessEvidence(run, baseline, current, others)
  return assessment.kind === 'evidence' ? assessment.evidence : null
}

/** Like `findEvidence`, but with the reason if there is no evidence. */
export function assessEvidence(
  run: AssessedRun,
  baseline: Baseline,
  current: FileFacts,
  others: readonly ConcurrentChange[],
): EvidenceAssessment {
  if (run.name === 'ai-tasks') return { kind: 'unchanged', cause: 'no_rule' }
  const evidence = findChange(run.name, baseline, current)
  if (evidence === null) return { kind: 'unchanged', cause: 'no_change' }
  const other = others.find((change) => mayHaveCaused(evidence, run.name, change))
  if (other)
    return { kind: 'explained', evidence, by: { kind: 'submission', submissionId: other.submissionId } }
  if (isOtherVersion(run, baseline, current, others))
    return { kind: 'explained', evidence, by: { kind: 'other_version' } }
  return { kind: 'evidence', evidence }
}

/**
 * The change that this extension makes; null if there is none. Any other extension may add tags: the source of a tag is the name of its
 * extension.
 */
function findChange(name: string, baseline: Baseline, current: FileFacts): Evidence | null {
  switch (name) {
    case 'remove-bg':
      return findNewerVersion(baseline, current)
    case 'ai-auto-description':
      return findNewDescription(baseline, current)
    default:
      return findNewTags(name, baseline, current)
  }
}

function findNewTags(source: string, baseline: Baseline, current: FileFacts): Evidence | null {
  const before = tagsOf(baseline, source)
  const now = tagsOf(current, source)
  const had = new Set(before)
  const isNew = now.some((tag) => !had.has(tag))
  return isNew ? { kind: 'new_ai_tags', source, before, now } : null
}

/** A source may have any name, even `constructor`. */
function tagsOf(facts: Pick<Baseline, 'aiTags'>, source: string): string[] {
  return Object.hasOwn(facts.aiTags, source) ? (facts.aiTags[source] ?? []) : []
}

function findNewDescription(baseline: Baseline, current: FileFacts): Evidence | null {
  const now = current.description
  if (now === null || now.trim() === '' || now.trim() === baseline.description?.trim()) return null
  return { kind: 'new_description', before: baseline.description, now }
}

function findNewerVersion(
  baseline: Baseline,
  current: FileFacts,
): (Evidence & { kind: 'newer_version' }) | null {
  const before = versionOf(baseline)
  const now = versionOf(current)
  if (before === null || now === null || before.id === now.id) return null
  const [oldNumber, newNumber] = [numberOf(before), numberOf(now)]
  const isNotNewer = oldNumber !== null && newNumber !== null && newNumber <= oldNumber
  return isNotNewer ? null : { kind: 'newer_version', before, now }
}

function versionOf(facts: Pick<Baseline, 'versionId' | 'versionName'>): FileVersion | null {
  return facts.versionId === null ? null : { id: facts.versionId, name: facts.versionName }
}

/** ImageKit's names are `Version 1`, `Version 2`, …; a restored version keeps its number. */
function numberOf(version: FileVersion): number | null {
  const digits = /^Version (\d{1,9})$/i.exec(version.name ?? '')?.[1]
  return digits === undefined ? null : Number(digits)
}

function mayHaveCaused(evidence: Evidence, extension: string, other: ConcurrentChange): boolean {
  if (other.replacesFile || mayInclude(other.extensions, extension)) return true
  return evidence.kind === 'new_description' && other.setsDescription
}

/**
 * Whether somebody else may have uploaded or restored a version, which may bring its own tags and description. If remove-bg was
 * requested, a newer version counts as its result, which keeps the tags and the description. A version without transparency counts
 * only with `mayFillBackground`.
 */
function isOtherVersion(
  run: AssessedRun,
  baseline: Baseline,
  current: FileFacts,
  others: readonly ConcurrentChange[],
): boolean {
  const before = versionOf(baseline)
  const now = versionOf(current)
  if (before === null || now === null || before.id === now.id) return false
  if (current.hasAlpha === false && !run.mayFillBackground) return true
  const requested = [run.name, ...run.siblings, ...others.flatMap((other) => other.extensions)]
  return findNewerVersion(baseline, current) === null || !mayInclude(requested, 'remove-bg')
}

/** Whether remove-bg may replace the background instead of removing it. The options of a saved extension are unknown. */
export function mayFillBackground(extensions: readonly RequestedExtension[]): boolean {
  return extensions.some(({ name, options }) => {
    if (name !== 'remove-bg') return name === SAVED_EXTENSION
    // `bg_color`, `bg_image_url`; ImageKit passes options on to the background removal service, which may support more.
    return typeof options === 'object' && options !== null && Object.keys(options).some(isBackgroundOption)
  })
}

function isBackgroundOption(option: string): boolean {
  return option.startsWith('bg_')
}
