import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Store } from '../../store/store.ts'

type ForgetDeps = {
  store: Pick<Store, 'forgetAsset'>
  clock: () => number
}

/** Removes everything that is held of an asset; ImageKit's file stays. Throws `not_found`. */
export async function forgetAsset(
  { store, clock }: ForgetDeps,
  { fileId, reason, actor }: { fileId: string; reason: string | null; actor: string },
): Promise<void> {
  // The store writes the file's hash into the act, in the place of its id.
  const act: AuditEntry = { at: clock(), actor, kind: 'forget', subject: fileId, reason, details: null }
  if (!(await store.forgetAsset(fileId, act)))
    throw new TrackerError('not_found', 'Nothing is known of this asset.')
}
