import type { AuditEntry } from '../../domain/audit-entry.ts'
import { LEAST_RUN_CLAIM_MS, latestDueAt, RUN_CLAIM_MS } from '../../domain/due-time.ts'
import type { Finding } from '../../domain/finding.ts'
import type { Store } from '../../store/store.ts'
import type { MaintenanceLease } from '../maintenance-lease.ts'
import { type CheckDueRunsDeps, checkDueRuns, type ReconciledRun } from './check-due-runs.ts'
import type { FileLookup, Stop } from './fetch-files.ts'

export type ReconcileDeps = CheckDueRunsDeps & {
  store: Pick<Store, 'sweepOverdue' | 'listDue' | 'claimDue' | 'extendClaim' | 'releaseRuns' | 'applyFinding'>
  lease: Pick<MaintenanceLease, 'current'>
  meter: { runReconciled(finding: Finding['kind']): void }
  /** Runs one pass of this process at a time, whether the job or an operator starts it. */
  runExclusive: <T>(work: () => Promise<T>) => Promise<T>
  /** How long after its request a pending run becomes overdue, in milliseconds. */
  overdueAfterMs: number
}

export type ReconcileReport = {
  runs: ReconciledRun[]
  /** How long ImageKit's rate limit allows no further requests, in milliseconds; null if it was not exceeded. */
  holdMs: number | null
  /** Why the remaining runs were not checked; null if all due runs were. */
  stoppedBy: string | null
}

export type ReconcilePass = { report: ReconcileReport; isKeyRejected: boolean }

/** The maximum number of runs that are checked together. A pass applies their findings before it claims more runs. */
const BATCH = 100

/** The maximum number of runs that a dry run reports. */
const MAX_REPORTED = 1000

/**
 * Checks the runs that are due, the longest due first. Evidence settles a run. Without evidence, a run expires if its file is gone,
 * or if `expireAfterMs` has passed since its request. If the lookup of its file failed, the run is checked again later. With
 * `dryRun`, overdue runs become due as well, but the findings are only reported.
 */
export function reconcile(deps: ReconcileDeps, { dryRun }: { dryRun: boolean }): Promise<ReconcilePass> {
  return deps.runExclusive(async () => {
    await sweep(deps)
    return dryRun ? dryRunPass(deps) : runPass(deps)
  })
}

/** Makes overdue runs due, if this process has the lease. */
async function sweep({ store, lease, clock, overdueAfterMs }: ReconcileDeps): Promise<void> {
  const current = lease.current()
  if (current === null) return
  while (await store.sweepOverdue(current, clock(), overdueAfterMs));
}

async function runPass(deps: ReconcileDeps): Promise<ReconcilePass> {
  const runs: ReconciledRun[] = []
  const currentTimes = passTimes(deps)
  for (;;) {
    const { now, startedAt, latest } = currentTimes()
    // Also identifies the claim: if another process has claimed a run in the meantime, or an event has made it due again, the
    // store ignores findings of this pass that are not facts (`unchanged`, `timed_out`).
    let claimedUntil = now + RUN_CLAIM_MS
    const due = await deps.store.claimDue(startedAt, { limit: BATCH, until: claimedUntil, latest })
    if (due.length === 0) return passOf(runs, null)
    const extendClaim = async () => {
      const at = deps.clock()
      if (claimedUntil - at >= LEAST_RUN_CLAIM_MS) return
      const until = at + RUN_CLAIM_MS
      const runIds = due.map(({ run }) => run.runId)
      await deps.store.extendClaim(runIds, claimedUntil, until)
      claimedUntil = until
    }
    const imagekit = beforeRequests(deps.imagekit, extendClaim)
    const { checked, stop } = await checkDueRuns({ ...deps, imagekit }, due)
    // Findings from before the stop are applied too: otherwise each pass would repeat the same lookups.
    for (const { finding, reconciled } of checked) {
      runs.push(reconciled)
      const { applied } = await deps.store.applyFinding(reconciled.runId, finding, deps.clock(), claimedUntil)
      if (applied) deps.meter.runReconciled(finding.kind)
    }
    if (stop === null) continue
    const reached = new Set(checked.map(({ reconciled }) => reconciled.runId))
    const unreached = due.filter(({ run }) => !reached.has(run.runId))
    const originalDueTimes = unreached.map(({ run, dueAt }) => ({ runId: run.runId, dueAt }))
    await deps.store.releaseRuns(originalDueTimes, claimedUntil)
    return passOf(runs, stop)
  }
}

/** Wraps the lookup so that `doBefore` runs before each request. */
function beforeRequests(imagekit: FileLookup, doBefore: () => Promise<void>): FileLookup {
  return {
    ...imagekit,
    async listFiles(fileIds) {
      await doBefore()
      return imagekit.listFiles(fileIds)
    },
    async findFile(fileId) {
      await doBefore()
      return imagekit.findFile(fileId)
    },
  }
}

async function dryRunPass(deps: ReconcileDeps): Promise<ReconcilePass> {
  const runs: ReconciledRun[] = []
  const { startedAt, latest } = passTimes(deps)()
  const due = await deps.store.listDue(startedAt, MAX_REPORTED + 1, latest)
  const reported = due.slice(0, MAX_REPORTED)
  for (let from = 0; from < reported.length; from += BATCH) {
    const { checked, stop } = await checkDueRuns(deps, reported.slice(from, from + BATCH))
    runs.push(...checked.map(({ reconciled }) => reconciled))
    if (stop !== null) return passOf(runs, stop)
  }
  const reason = `A dry run reports the first ${MAX_REPORTED} runs, and more are due.`
  const stop = { reason, retryAfterMs: null, isKeyRejected: false }
  return passOf(runs, due.length > MAX_REPORTED ? stop : null)
}

/**
 * `startedAt`: a pass checks only the runs that were due when it started, so that it ends; runs that become due during the pass,
 * perhaps for the second time, wait for the next one. If the clock is set back during the pass, `startedAt` follows it.
 * `latest`: the maximum due time (see `latestDueAt`). It follows the current clock, because due times that are set during the pass
 * follow it too, even if the clock jumps.
 */
function passTimes(deps: ReconcileDeps): () => { now: number; startedAt: number; latest: number } {
  const startedAt = deps.clock()
  return () => {
    const now = deps.clock()
    const latest = latestDueAt(now, Math.max(deps.overdueAfterMs, deps.everyMs, RUN_CLAIM_MS))
    return { now, startedAt: Math.min(startedAt, now), latest }
  }
}

function passOf(runs: ReconciledRun[], stop: Stop | null): ReconcilePass {
  const report = { runs, holdMs: stop?.retryAfterMs ?? null, stoppedBy: stop?.reason ?? null }
  return { report, isKeyRejected: stop?.isKeyRejected ?? false }
}

export type ReconcileNowDeps = {
  store: Pick<Store, 'recordAuditEntry'>
  reconciling: ReconcileDeps
  clock: () => number
}

/**
 * Reconciles on an operator's request, without waiting for the next scheduled pass, and records this in the audit log. With
 * `dryRun`, the findings are only reported, without an entry in the audit log.
 */
export async function reconcileNow(
  deps: ReconcileNowDeps,
  { dryRun, actor }: { dryRun: boolean; actor: string },
): Promise<ReconcileReport> {
  const { report } = await reconcile(deps.reconciling, { dryRun })
  const details = { runs: report.runs.length }
  const entry: AuditEntry = {
    at: deps.clock(),
    actor,
    kind: 'reconcile',
    subject: null,
    reason: null,
    details,
  }
  if (!dryRun) await deps.store.recordAuditEntry(entry)
  return report
}
