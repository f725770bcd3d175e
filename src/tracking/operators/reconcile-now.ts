import type { AuditEntry } from '../../domain/audit-entry.ts'
import type { Store } from '../../store/store.ts'
import { type ReconcileDeps, type ReconcileReport, reconcile } from '../reconcile/reconcile.ts'

export type ReconcileNowDeps = {
  store: Pick<Store, 'recordAuditEntry'>
  reconciling: ReconcileDeps
  clock: () => number
}

/** Reconciles on an operator's request, without waiting for the reconciler. With `dryRun` it only reports. */
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
