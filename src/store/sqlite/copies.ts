import { rmSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import Database from 'better-sqlite3'
import type { Connection } from './connection.ts'
import { reasonOf } from './database-file.ts'

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

/** What is wrong with a copy of a database that nobody else has open; empty where it is whole. Leaves it as it is. */
export function checkSqliteCopy(path: string): string[] {
  try {
    const connection = new Database(path, { readonly: true, fileMustExist: true })
    try {
      const rows = connection.pragma('quick_check') as { quick_check: string }[]
      return rows.map((row) => row.quick_check).filter((text) => text !== 'ok')
    } finally {
      connection.close()
    }
  } catch (error) {
    return [reasonOf(error)]
  } finally {
    // A reader of a database with a log makes these beside it.
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
}
