import { type AskedRun, type Weighing, weighEvidence } from '../domain/evidence.ts'
import type { DueRun, Finding } from '../domain/finding.ts'
import { otherRequest } from '../domain/other-request.ts'
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
    const file = fileId === null ? undefined : files.get(fileId)
    const told = { runId: one.run.runId, fileId, extension: one.run.name }
    if (file === null)
      return {
        finding: { kind: 'asset_gone' },
        told: { ...told, finding: 'asset_gone', why: 'ImageKit has no such file.' },
      }

    const weighed =
      file && one.submission.baseline ? weigh(one, one.submission.baseline, file.facts) : undefined
    if (file && weighed?.kind === 'evidence') {
      const notice = deps.successPayload(one.run.name, file.object)
      const finding: Finding = { kind: 'evidence', evidence: weighed.evidence, notice }
      return { finding, told: { ...told, finding: 'evidence', why: describe(weighed) } }
    }
    const why = weighed === undefined ? 'Nothing was written down to compare with.' : describe(weighed)
    if (isOver(one)) return { finding: { kind: 'no_word' }, told: { ...told, finding: 'no_word', why } }
    return {
      finding: { kind: 'nothing', dueAt: now + deps.everyMs },
      told: { ...told, finding: 'nothing', why },
    }
  })
}

function weigh(
  one: DueRun,
  baseline: NonNullable<DueRun['submission']['baseline']>,
  seen: Parameters<typeof weighEvidence>[2],
) {
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
