import { type AskedRun, type FileFacts, type Weighing, weighEvidence } from '../domain/evidence.ts'
import type { DueRun, Finding } from '../domain/finding.ts'
import { otherRequest } from '../domain/other-request.ts'
import type { Baseline } from '../domain/submission.ts'
import { type FileLookup, lookUpFiles, NotLookedError } from './look-up-files.ts'

export type ReconcileDeps = {
  store: {
    listDue(now: number, limit: number): Promise<DueRun[]>
    applyFinding(
      runId: string,
      finding: Finding,
      at: number,
    ): Promise<{ applied: boolean; fileId: string | null }>
  }
  imagekit: FileLookup
  board: { changed(fileId: string): void }
  meter: { runReconciled(finding: Finding['kind']): void }
  clock: () => number
  /** What a caller with a `webhookUrl` of its own is told. */
  successPayload: (service: string, fileObject: object) => string
  /** In milliseconds: how often a run is looked at, and how long after its request it expires. */
  everyMs: number
  expireAfterMs: number
}

/** What was, or would be, done with one run, and why. */
type Reconciled = {
  runId: string
  fileId: string | null
  extension: string
  finding: Finding['kind']
  why: string
}

export type ReconcileReport = {
  runs: Reconciled[]
  /** How long ImageKit wants to be left alone, in milliseconds; null where it does not. */
  holdMs: number | null
  /** Why the rest was not looked at; null where everything that is due was. */
  stoppedBy: string | null
}

/** So many ids a search of ImageKit takes. */
const BATCH = 100

/**
 * Looks at the runs that are due, the longest due first: evidence settles them, a file that is gone or a window that is over
 * expires them, and what ImageKit does not answer changes nothing. With `dryRun` it only tells.
 */
export async function reconcile(deps: ReconcileDeps, options: { dryRun: boolean }): Promise<ReconcileReport> {
  const report: ReconcileReport = { runs: [], holdMs: null, stoppedBy: null }
  for (;;) {
    const due = await deps.store.listDue(deps.clock(), BATCH)
    if (due.length === 0) return report
    try {
      for (const looked of await look(deps, due)) {
        report.runs.push(looked.told)
        if (options.dryRun) continue
        const { applied, fileId } = await deps.store.applyFinding(
          looked.told.runId,
          looked.finding,
          deps.clock(),
        )
        if (applied) deps.meter.runReconciled(looked.finding.kind)
        if (applied && fileId !== null) deps.board.changed(fileId)
      }
    } catch (error) {
      if (!(error instanceof NotLookedError)) throw error
      return { ...report, holdMs: error.holdMs, stoppedBy: error.message }
    }
    // Nothing was moved, so the next list would be the same.
    if (options.dryRun || due.length < BATCH) return report
  }
}

async function look(
  deps: ReconcileDeps,
  due: readonly DueRun[],
): Promise<{ finding: Finding; told: Reconciled }[]> {
  const now = deps.clock()
  const isOver = ({ run }: DueRun) => now >= run.requestedAt + deps.expireAfterMs
  const fileIds = [...new Set(due.flatMap(({ submission }) => submission.fileId ?? []))]
  const files = await lookUpFiles(deps.imagekit, fileIds, (fileId) => {
    return due.some((one) => one.submission.fileId === fileId && isOver(one))
  })

  return due.map((one) => {
    const { fileId } = one.submission
    const isAnswered = fileId === null || files.has(fileId)
    const file = fileId === null ? undefined : files.get(fileId)
    const { finding, why } = isAnswered
      ? judge(deps, one, file, isOver(one), now)
      : { finding: lookAgain(deps, now), why: 'ImageKit did not answer about this file.' }
    return {
      finding,
      told: { runId: one.run.runId, fileId, extension: one.run.name, finding: finding.kind, why },
    }
  })
}

/** `file` is null where it is gone, and undefined where the run has none. */
function judge(
  deps: ReconcileDeps,
  one: DueRun,
  file: { facts: FileFacts; object: object } | null | undefined,
  isOver: boolean,
  now: number,
): { finding: Finding; why: string } {
  if (file === null) return { finding: { kind: 'asset_gone' }, why: 'ImageKit has no such file.' }
  const { baseline } = one.submission
  const weighed = file && baseline ? weigh(one, baseline, file.facts) : undefined
  const why = weighed === undefined ? 'Nothing was written down to compare with.' : describe(weighed)
  if (file && weighed?.kind === 'evidence') {
    const notice = deps.successPayload(one.run.name, file.object)
    return { finding: { kind: 'evidence', evidence: weighed.evidence, notice }, why }
  }
  return { finding: isOver ? { kind: 'no_word' } : lookAgain(deps, now), why }
}

function lookAgain({ everyMs }: ReconcileDeps, now: number): Finding {
  return { kind: 'nothing', dueAt: now + everyMs }
}

function weigh(one: DueRun, baseline: Baseline, seen: FileFacts): Weighing {
  const asked: AskedRun = { name: one.run.name, siblings: one.siblings }
  const others = one.others.flatMap(
    (other) => otherRequest(one.run, other.submission, other.runs, other.place) ?? [],
  )
  return weighEvidence(asked, baseline, seen, others)
}

function describe(weighed: Weighing): string {
  switch (weighed.kind) {
    case 'evidence':
      return JSON.stringify(weighed.evidence)
    case 'explained':
      return `Something changed, which ${JSON.stringify(weighed.by)} may explain.`
    case 'nothing':
      return weighed.cause === 'no_rule' ? 'This extension leaves no evidence.' : 'Nothing has changed since.'
  }
}
