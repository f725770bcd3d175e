import { expect } from 'vitest'
import type { ConcurrentChange } from '../../../src/domain/concurrent-change.ts'
import {
  type AssessedRun,
  assessEvidence,
  type FileFacts,
  findEvidence,
} from '../../../src/domain/evidence.ts'
import type { Evidence } from '../../../src/domain/run.ts'
import type { Baseline } from '../../../src/domain/submission.ts'
import { FILE, frozen } from './facts.ts'

export const TAGGER = 'aws-auto-tagging'
export const VERSION_2 = { versionId: 'version-2', versionName: 'Version 2' }

/** The state of the file when the run was requested. ImageKit gives the first version the id of its file. */
export function before(facts: Partial<Baseline> = {}): Baseline {
  return {
    versionId: FILE,
    versionName: 'Version 1',
    aiTags: {},
    description: null,
    tags: null,
    customMetadata: null,
    updatedAt: '2026-07-01T08:15:30.112Z',
    url: null,
    ...facts,
  }
}

/** The current state of the file: by default the same as `before()`. */
export function now(facts: Partial<FileFacts> = {}): FileFacts {
  const { versionId, versionName, aiTags, description, updatedAt } = before()
  return { fileId: FILE, versionId, versionName, aiTags, description, updatedAt, hasAlpha: null, ...facts }
}

/** Another submission, and what it may have changed: by default nothing. */
export function another(facts: Partial<ConcurrentChange> = {}): ConcurrentChange {
  const nothing = { replacesFile: false, setsDescription: false, extensions: [] }
  return { submissionId: 'submission-2', ...nothing, ...facts }
}

export function assessedRun(name: string, ...siblings: string[]): AssessedRun {
  return { name, siblings, mayFillBackground: false }
}

/** Assesses the evidence, and checks that `findEvidence` agrees. */
export function assess(
  run: AssessedRun,
  baseline: Baseline,
  file: FileFacts,
  others: ConcurrentChange[] = [],
) {
  const assessment = assessEvidence(frozen(run), frozen(baseline), frozen(file), frozen(others))
  const evidence = assessment.kind === 'evidence' ? assessment.evidence : null
  expect(findEvidence(run, baseline, file, others)).toEqual(evidence)
  return assessment
}

/** The assessment that a run succeeded. The evidence has the form in which it is read back after being stored as JSON. */
export function evidenceAssessment(evidence: Evidence) {
  return { kind: 'evidence', evidence: JSON.parse(JSON.stringify(evidence)) }
}
