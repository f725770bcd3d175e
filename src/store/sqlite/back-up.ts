import { open, rm } from 'node:fs/promises'
import type { Connection } from './connection.ts'

/**
 * Copies the database piece by piece between its writes; what is written meanwhile is in the copy, too. Rejects with
 * `EEXIST` where the file is there already, which SQLite would write over.
 */
export async function backUp(connection: Connection, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  await file.close()
  try {
    await connection.backup(path)
  } catch (error) {
    await rm(path)
    throw error
  }
}
