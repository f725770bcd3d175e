import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Store } from '../../store/store.ts'

export type ForgetAssetDeps = {
  store: Pick<Store, 'forgetAsset'>
  clock: () => number
}

/**
 * Deletes everything stored here about an asset, except its audit entries, in which hashes replace its ids, and the hashes by which
 * later webhooks for it are recognised. ImageKit's file stays. Throws `not_found`.
 */
export async function forgetAsset(
  { store, clock }: ForgetAssetDeps,
  { fileId, reason, actor }: { fileId: string; reason: string | null; actor: string },
): Promise<void> {
  // The store replaces the fileId in the entry with its hash.
  const entry: AuditEntry = { at: clock(), actor, kind: 'forget', subject: fileId, reason, details: null }
  if (!(await store.forgetAsset(fileId, entry))) throw new TrackerError('not_found', 'This asset is unknown.')
}
