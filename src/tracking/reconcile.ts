import { LEAST_RUN_CLAIM_MS, latestDueAt, RUN_CLAIM_MS } from '../domain/due-time.ts'
import type { Finding } from '../domain/finding.ts'
import type { Store } from '../store/store.ts'
import { checkDueRuns, type Reconciled } from './check-due-runs.ts'
import type { FileLookup, Stop } from './fetch-files.ts'
import type { UpkeepLease } from './upkeep-lease.ts'

export type ReconcileDeps = Parameters<typeof checkDueRuns>[0] & {
  store: Pick<Store, 'sweepOverdue' | 'listDue' | 'claimDue' | 'extendClaim' | 'releaseRuns' | 'applyFinding'>
  lease: Pick<UpkeepLease, 'current'>
  meter: { runReconciled(finding: Finding['kind']): void }
  /** Has one pass end before the next begins, whoever asks for it. */
  runExclusive: <T>(work: () => Promise<T>) => Promise<T>
  /** How long after its request a pending run is overdue, in milliseconds. */
  overdueAfterMs: number
}

export type ReconcileReport = {
  runs: Reconciled[]
  /** How long ImageKit wants to be left alone, in milliseconds; null where it does not. */
  holdMs: number | null
  /** Why the rest was not looked at; null where everything that is due was. */
  stoppedBy: string | null
}

export type ReconcilePass = { report: ReconcileReport; isKeyRefused: boolean }

/** So many runs are looked at before what was found is written down. */
const BATCH = 100

/** Of so many a dry run tells. */
const MOST_TOLD = 1000

/**
 * Looks at the runs that are due, the longest due first: evidence settles them, a file that is gone or a window that is over
 * expires them, and what ImageKit does not answer changes nothing. With `dryRun` it only tells.
 */
export function reconcile(deps: ReconcileDeps, { dryRun }: { dryRun: boolean }): Promise<ReconcilePass> {
  return deps.runExclusive(async () => {
    await sweep(deps)
    return dryRun ? rehearse(deps) : work(deps)
  })
}

/** Leaves it to the process that has the lease. */
async function sweep({ store, lease, clock, overdueAfterMs }: ReconcileDeps): Promise<void> {
  const held = lease.current()
  if (held === null) return
  while (await store.sweepOverdue(held, clock(), overdueAfterMs));
}

async function work(deps: ReconcileDeps): Promise<ReconcilePass> {
  const runs: Reconciled[] = []
  const timesOf = passTimes(deps)
  for (;;) {
    const { now, startedAt, latest } = timesOf()
    let claim = now + RUN_CLAIM_MS
    const due = await deps.store.claimDue(startedAt, { limit: BATCH, until: claim, latest })
    if (due.length === 0) return passOf(runs, null)
    const extendClaim = async () => {
      const at = deps.clock()
      if (claim - at >= LEAST_RUN_CLAIM_MS) return
      const until = at + RUN_CLAIM_MS
      const runIds = due.map(({ run }) => run.runId)
      await deps.store.extendClaim(runIds, claim, until)
      claim = until
    }
    const imagekit = beforeRequests(deps.imagekit, extendClaim)
    const { looked, stop } = await checkDueRuns({ ...deps, imagekit }, due)
    // What was seen before ImageKit stopped us counts: else the same would be asked again and again.
    for (const { finding, told } of looked) {
      runs.push(told)
      const { applied } = await deps.store.applyFinding(told.runId, finding, deps.clock(), claim)
      if (applied) deps.meter.runReconciled(finding.kind)
    }
    if (stop === null) continue
    const reached = new Set(looked.map(({ told }) => told.runId))
    const rest = due.filter(({ run }) => !reached.has(run.runId))
    const released = rest.map(({ run, dueAt }) => ({ runId: run.runId, dueAt }))
    await deps.store.releaseRuns(released, claim)
    return passOf(runs, stop)
  }
}

/** The lookup, with something else done before each request. */
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

async function rehearse(deps: ReconcileDeps): Promise<ReconcilePass> {
  const runs: Reconciled[] = []
  const { startedAt, latest } = passTimes(deps)()
  const due = await deps.store.listDue(startedAt, MOST_TOLD + 1, latest)
  const told = due.slice(0, MOST_TOLD)
  for (let from = 0; from < told.length; from += BATCH) {
    const { looked, stop } = await checkDueRuns(deps, told.slice(from, from + BATCH))
    runs.push(...looked.map((one) => one.told))
    if (stop !== null) return passOf(runs, stop)
  }
  const more = `A dry run tells of the first ${MOST_TOLD} runs, and more are due.`
  const stop = { reason: more, holdMs: null, isKeyRefused: false }
  return passOf(runs, due.length > MOST_TOLD ? stop : null)
}

/**
 * What falls due meanwhile, perhaps for the second time, is left to the next pass: this one has to end. What is planned
 * meanwhile was planned under the clock as it is by then, however long the pass takes and wherever the clock has gone.
 */
function passTimes(deps: ReconcileDeps): () => { now: number; startedAt: number; latest: number } {
  const startedAt = deps.clock()
  return () => {
    const now = deps.clock()
    const latest = latestDueAt(now, Math.max(deps.overdueAfterMs, deps.everyMs, RUN_CLAIM_MS))
    return { now, startedAt: Math.min(startedAt, now), latest }
  }
}

function passOf(runs: Reconciled[], stop: Stop | null): ReconcilePass {
  const report = { runs, holdMs: stop?.holdMs ?? null, stoppedBy: stop?.reason ?? null }
  return { report, isKeyRefused: stop?.isKeyRefused ?? false }
}
