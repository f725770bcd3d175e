import type { AuditEntry } from '../../domain/audit-entry.ts'
import type { Store } from '../../store/store.ts'

export type ListAuditEntriesDeps = {
  store: Pick<Store, 'listAuditEntries'>
}

export type AuditEntryView = Omit<AuditEntry, 'at'> & { at: string }

/** A page of the audit log, the newest entry first. */
export async function listAuditEntries(
  { store }: ListAuditEntriesDeps,
  page: { limit: number; before: number | null },
): Promise<{ auditEntries: AuditEntryView[]; next: number | null }> {
  const { auditEntries, next } = await store.listAuditEntries(page)
  return {
    auditEntries: auditEntries.map((entry) => ({ ...entry, at: new Date(entry.at).toISOString() })),
    next,
  }
}
