import { chmod, mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Store, StoreLifecycle } from '../../store/store.ts'

export type BackUpDeps = {
  store: Pick<Store, 'recordAuditEntry'> & Pick<StoreLifecycle, 'backUp' | 'findFault'>
  clock: () => number
  /**
   * The start of the paths of temporary folders, each for one copy of the database. Nothing else has a path that starts like this.
   * Null if the database is not a file.
   */
  backupPrefix: string | null
  log: { warn(fields: object, text: string): void }
}

/**
 * Returns a consistent copy of the database as a stream; the service continues meanwhile. The copy takes up disk space until the
 * stream ends or is aborted. Throws `backup_unsupported` for a database that is not a file.
 */
export async function backUp(
  { store, clock, backupPrefix, log }: BackUpDeps,
  { reason, actor }: { reason: string | null; actor: string },
): Promise<{ stream: ReadableStream; bytes: number }> {
  if (backupPrefix === null)
    throw new TrackerError(
      'backup_unsupported',
      'The database is PostgreSQL, which has its own backups: run pg_dump, or use those of your provider.',
    )
  // The folder of the database may have been deleted together with it.
  await mkdir(dirname(backupPrefix), { recursive: true })
  const folder = await mkdtemp(backupPrefix)
  try {
    const path = join(folder, 'tracker.db')
    await store.backUp(path)
    await chmod(path, 0o600)
    const { size: bytes } = await stat(path)
    const entry: AuditEntry = {
      at: clock(),
      actor,
      kind: 'backup',
      subject: null,
      reason,
      details: { bytes },
    }
    await store.recordAuditEntry(entry).catch(async (error: unknown) => {
      const fault = await store.findFault()
      if (fault === undefined) throw error
      // A backup is the last way to save the contents of a deleted database file, whose audit log can no longer be written.
      log.warn(
        { event: 'audit_entry.failed', entry, fault },
        'backup created, but it could not be recorded in the audit log',
      )
    })
    // Opened last, so that no later failure can leave it open.
    const file = await open(path)
    // The file is deleted on return, but its contents remain readable until the stream ends or is aborted.
    return { stream: Readable.toWeb(file.createReadStream()) as ReadableStream, bytes }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The characters that `mkdtemp` appends to a prefix. */
const RANDOM_END = /^[A-Za-z0-9]{6}$/

/** Deletes the copies that are left of backups during which the process ended. */
export async function removeLeftoverBackups(backupPrefix: string): Promise<void> {
  const [folder, prefix] = [dirname(backupPrefix), basename(backupPrefix)]
  const entries = await readdir(folder, { withFileTypes: true })
  const leftover = entries.filter(
    (entry) =>
      entry.isDirectory() &&
      entry.name.startsWith(prefix) &&
      RANDOM_END.test(entry.name.slice(prefix.length)),
  )
  await Promise.all(leftover.map(({ name }) => rm(join(folder, name), { recursive: true })))
}
