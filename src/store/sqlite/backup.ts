import { rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import Database from 'better-sqlite3'
import { errorMessage } from '../../domain/errors.ts'
import type { Connection } from './connection.ts'

/**
 * Copies the database in small pieces, so that writes can continue in between; the copy includes them. Rejects with `EEXIST` if
 * the file exists, because SQLite would overwrite it.
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

/** The problems of a copy that no other process has open; empty if it is intact. Does not change it. */
export function findBackupProblems(path: string): string[] {
  try {
    const connection = new Database(path, { readonly: true, fileMustExist: true })
    try {
      const rows = connection.pragma('quick_check') as { quick_check: string }[]
      return rows.map((row) => row.quick_check).filter((text) => text !== 'ok')
    } finally {
      connection.close()
    }
  } catch (error) {
    return [errorMessage(error)]
  } finally {
    // Reading a database in WAL mode creates these files.
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
}
