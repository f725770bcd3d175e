import type { AuditEntry } from '../../domain/audit-entry.ts'
import type { Store } from '../../store/store.ts'
import { type ReconcileDeps, type ReconcileReport, reconcile } from '../reconcile.ts'

/** An operator has runs looked at without waiting for the reconciler; with `dryRun` nothing is done but tell. */
export async function reconcileNow(
  deps: { store: Pick<Store, 'recordAuditEntry'>; reconciling: ReconcileDeps; clock: () => number },
  { dryRun, actor }: { dryRun: boolean; actor: string },
): Promise<ReconcileReport> {
  const { report } = await reconcile(deps.reconciling, { dryRun })
  const details = { runs: report.runs.length }
  const act: AuditEntry = { at: deps.clock(), actor, kind: 'reconcile', subject: null, reason: null, details }
  if (!dryRun) await deps.store.recordAuditEntry(act)
  return report
}
