import { chmod, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Act } from '../../domain/act.ts'

type BackUpDeps = {
  store: { backUp(path: string): Promise<void>; recordAct(act: Act): Promise<void> }
  clock: () => number
  /** Where there is room for a copy of the database. */
  backupFolder: string
}

/** A consistent copy of the database as a stream; the service goes on meanwhile. The copy is gone once it was read. */
export async function backUp(
  { store, clock, backupFolder }: BackUpDeps,
  actor: string,
): Promise<{ stream: ReadableStream; bytes: number }> {
  const folder = await mkdtemp(join(backupFolder, 'backup-'))
  try {
    const path = join(folder, 'tracker.db')
    await store.backUp(path)
    await chmod(path, 0o600)
    const { size: bytes } = await stat(path)
    await store.recordAct({
      at: clock(),
      actor,
      kind: 'backup',
      subject: null,
      reason: null,
      details: { bytes },
    })
    // Last, for whoever fails after it would leave it open.
    const file = await open(path)
    // The file lives on without a name until its stream ends, however that ends.
    return { stream: Readable.toWeb(file.createReadStream()) as ReadableStream, bytes }
  } finally {
    await rm(folder, { recursive: true })
  }
}
