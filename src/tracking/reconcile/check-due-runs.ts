import { concurrentChange } from '../../domain/concurrent-change.ts'
import {
  type AssessedRun,
  assessEvidence,
  type EvidenceAssessment,
  type FileFacts,
  mayFillBackground,
} from '../../domain/evidence.ts'
import type { DueRun, Finding } from '../../domain/finding.ts'
import type { Baseline } from '../../domain/submission.ts'
import { type FileLookup, fetchFiles, type RemoteFile, type Stop } from './fetch-files.ts'

export type CheckDueRunsDeps = {
  imagekit: FileLookup
  clock: () => number
  /** Builds the payload for a caller with a `webhookUrl` of its own. */
  successPayload: (service: string, fileObject: object) => string
  /** The time between two checks of a due run, in milliseconds. */
  everyMs: number
  /** How long after its request a run expires, in milliseconds. */
  expireAfterMs: number
}

/** What the check of one run found, and why. In a dry run, the finding is not applied. */
export type ReconciledRun = {
  runId: string
  fileId: string | null
  extension: string
  finding: Finding['kind']
  why: string
}

type DueRunDecision = { finding: Finding; why: string }

/** Checks these runs against ImageKit. Runs that were not reached before the `stop` are omitted. */
export async function checkDueRuns(
  deps: CheckDueRunsDeps,
  due: readonly DueRun[],
): Promise<{
  checked: { finding: Finding; submissionId: string; reconciled: ReconciledRun }[]
  stop: Stop | null
}> {
  const now = deps.clock()
  const isWindowOver = ({ run }: DueRun) => now >= run.requestedAt + deps.expireAfterMs
  const fileIds = [...new Set(due.flatMap(({ submission }) => submission.fileId ?? []))]
  const mayExpireRun = (fileId: string) =>
    due.some((dueRun) => dueRun.submission.fileId === fileId && isWindowOver(dueRun))
  const { files, rejected, failed, stop } = await fetchFiles(deps.imagekit, fileIds, mayExpireRun)

  const decideFetched = (dueRun: DueRun): DueRunDecision | undefined => {
    const { fileId } = dueRun.submission
    if (fileId === null) return decide(deps, dueRun, undefined, isWindowOver(dueRun), now)
    if (rejected.has(fileId))
      return {
        finding: expireOrRecheck(deps, dueRun, isWindowOver(dueRun), now),
        why: 'ImageKit rejects lookups of this file.',
      }
    if (failed.has(fileId)) return { finding: recheck(deps, now), why: 'The lookup of this file failed.' }
    const file = files.get(fileId)
    return file === undefined ? undefined : decide(deps, dueRun, file, isWindowOver(dueRun), now)
  }
  const checked = due.flatMap((dueRun) => {
    const decision = decideFetched(dueRun)
    if (decision === undefined) return []
    const { finding, why } = decision
    const { runId, submissionId, name: extension } = dueRun.run
    return {
      finding,
      submissionId,
      reconciled: { runId, fileId: dueRun.submission.fileId, extension, finding: finding.kind, why },
    }
  })
  return { checked, stop }
}

/** `file` is null if the file is gone, and undefined if the fileId of the run is not known. */
function decide(
  deps: CheckDueRunsDeps,
  dueRun: DueRun,
  file: RemoteFile | null | undefined,
  isWindowOver: boolean,
  now: number,
): DueRunDecision {
  const isExpired = dueRun.run.status === 'expired'
  if (file === null)
    return { finding: isExpired ? UNCHANGED : { kind: 'asset_gone' }, why: 'ImageKit has no such file.' }
  const { baseline } = dueRun.submission
  const assessment = file && baseline ? assess(dueRun, baseline, file.facts) : undefined
  const why = assessment === undefined ? 'There is no baseline to compare with.' : describe(assessment)
  if (file && assessment?.kind === 'evidence') {
    const notificationBody = deps.successPayload(dueRun.run.name, file.object)
    return { finding: { kind: 'evidence', evidence: assessment.evidence, notificationBody }, why }
  }
  return { finding: expireOrRecheck(deps, dueRun, isWindowOver, now), why }
}

/** An expired run is checked once for each change of its file, so this check sets no new due time. */
const UNCHANGED = { kind: 'unchanged', dueAt: null } as const

function expireOrRecheck(
  deps: CheckDueRunsDeps,
  { run }: DueRun,
  isWindowOver: boolean,
  now: number,
): Finding {
  if (run.status === 'expired') return UNCHANGED
  return isWindowOver ? { kind: 'timed_out' } : recheck(deps, now)
}

function recheck({ everyMs }: CheckDueRunsDeps, now: number): Finding {
  return { kind: 'unchanged', dueAt: now + everyMs }
}

function assess(dueRun: DueRun, baseline: Baseline, current: FileFacts): EvidenceAssessment {
  const run: AssessedRun = {
    name: dueRun.run.name,
    siblings: dueRun.siblings,
    mayFillBackground: mayFillBackground(dueRun.submission.extensions),
  }
  const others = dueRun.others.flatMap(
    (other) => concurrentChange(dueRun.run, other.submission, other.runs, other.place) ?? [],
  )
  return assessEvidence(run, baseline, current, others)
}

function describe(assessment: EvidenceAssessment): string {
  switch (assessment.kind) {
    case 'evidence':
      return JSON.stringify(assessment.evidence)
    case 'explained':
      return `The file changed, but ${JSON.stringify(assessment.by)} may explain it.`
    case 'unchanged':
      return assessment.cause === 'no_rule'
        ? 'This extension leaves no evidence.'
        : 'The file shows no result of this extension.'
  }
}
