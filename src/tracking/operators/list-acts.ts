import type { AuditEntry } from '../../domain/audit-entry.ts'
import type { Store } from '../../store/store.ts'

type ListActsDeps = {
  store: Pick<Store, 'listAuditEntries'>
}

export type ActView = Omit<AuditEntry, 'at'> & { at: string }

/** A page of what operators have done, the newest first. */
export async function listAuditEntries(
  { store }: ListActsDeps,
  page: { limit: number; before: number | null },
): Promise<{ acts: ActView[]; next: number | null }> {
  const { acts, next } = await store.listAuditEntries(page)
  return { acts: acts.map((act) => ({ ...act, at: new Date(act.at).toISOString() })), next }
}
