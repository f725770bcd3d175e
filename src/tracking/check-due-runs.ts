import { concurrentChange } from '../domain/concurrent-change.ts'
import { type AskedRun, assessEvidence, type EvidenceAssessment, type FileFacts } from '../domain/evidence.ts'
import { mayFillBackground } from '../domain/filled-background.ts'
import type { DueRun, Finding } from '../domain/finding.ts'
import type { Baseline } from '../domain/submission.ts'
import { type FileLookup, fetchFiles, type RemoteFile, type Stop } from './fetch-files.ts'

type CheckDeps = {
  imagekit: FileLookup
  clock: () => number
  /** What a caller with a `webhookUrl` of its own is told. */
  successPayload: (service: string, fileObject: object) => string
  /** In milliseconds: how often a run is looked at, and how long after its request it expires. */
  everyMs: number
  expireAfterMs: number
}

/** What was, or would be, done with one run, and why. */
export type Reconciled = {
  runId: string
  fileId: string | null
  extension: string
  finding: Finding['kind']
  why: string
}

type DueRunDecision = { finding: Finding; why: string }

/** Looks at what became of these runs. Those that were not reached before the `stop` are left out. */
export async function checkDueRuns(
  deps: CheckDeps,
  due: readonly DueRun[],
): Promise<{ looked: { finding: Finding; submissionId: string; told: Reconciled }[]; stop: Stop | null }> {
  const now = deps.clock()
  const isOver = ({ run }: DueRun) => now >= run.requestedAt + deps.expireAfterMs
  const fileIds = [...new Set(due.flatMap(({ submission }) => submission.fileId ?? []))]
  const { files, refused, unanswered, stop } = await fetchFiles(deps.imagekit, fileIds, (fileId) => {
    return due.some((one) => one.submission.fileId === fileId && isOver(one))
  })

  const decideFetched = (one: DueRun): DueRunDecision | undefined => {
    const { fileId } = one.submission
    if (fileId === null) return judge(deps, one, undefined, isOver(one), now)
    if (refused.has(fileId))
      return {
        finding: endOrLookAgain(deps, one, isOver(one), now),
        why: 'ImageKit refuses to look for this file.',
      }
    if (unanswered.has(fileId))
      return { finding: lookAgain(deps, now), why: 'ImageKit did not answer about this file.' }
    const file = files.get(fileId)
    return file === undefined ? undefined : judge(deps, one, file, isOver(one), now)
  }
  const looked = due.flatMap((one) => {
    const decision = decideFetched(one)
    if (decision === undefined) return []
    const { finding, why } = decision
    const { runId, submissionId, name: extension } = one.run
    return {
      finding,
      submissionId,
      told: { runId, fileId: one.submission.fileId, extension, finding: finding.kind, why },
    }
  })
  return { looked, stop }
}

/** `file` is null where it is gone, and undefined where the run has none. */
function judge(
  deps: CheckDeps,
  one: DueRun,
  file: RemoteFile | null | undefined,
  isOver: boolean,
  now: number,
): DueRunDecision {
  const isExpired = one.run.status === 'expired'
  if (file === null)
    return { finding: isExpired ? LEAVE : { kind: 'asset_gone' }, why: 'ImageKit has no such file.' }
  const { baseline } = one.submission
  const weighed = file && baseline ? weigh(one, baseline, file.facts) : undefined
  const why = weighed === undefined ? 'Nothing was written down to compare with.' : describe(weighed)
  if (file && weighed?.kind === 'evidence') {
    const notice = deps.successPayload(one.run.name, file.object)
    return { finding: { kind: 'evidence', evidence: weighed.evidence, notice }, why }
  }
  return { finding: endOrLookAgain(deps, one, isOver, now), why }
}

/** An expired run is looked at once for each change of its file. */
const LEAVE = { kind: 'unchanged', dueAt: null } as const

function endOrLookAgain(deps: CheckDeps, { run }: DueRun, isOver: boolean, now: number): Finding {
  if (run.status === 'expired') return LEAVE
  return isOver ? { kind: 'timed_out' } : lookAgain(deps, now)
}

function lookAgain({ everyMs }: CheckDeps, now: number): Finding {
  return { kind: 'unchanged', dueAt: now + everyMs }
}

function weigh(one: DueRun, baseline: Baseline, seen: FileFacts): EvidenceAssessment {
  const asked: AskedRun = {
    name: one.run.name,
    siblings: one.siblings,
    mayFillBackground: mayFillBackground(one.submission.extensions),
  }
  const others = one.others.flatMap(
    (other) => concurrentChange(one.run, other.submission, other.runs, other.place) ?? [],
  )
  return assessEvidence(asked, baseline, seen, others)
}

function describe(weighed: EvidenceAssessment): string {
  switch (weighed.kind) {
    case 'evidence':
      return JSON.stringify(weighed.evidence)
    case 'explained':
      return `Something changed, which ${JSON.stringify(weighed.by)} may explain.`
    case 'unchanged':
      return weighed.cause === 'no_rule' ? 'This extension leaves no evidence.' : 'Nothing has changed since.'
  }
}
