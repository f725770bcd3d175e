import { rmSync } from 'node:fs'
import Database from 'better-sqlite3'

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
    return [error instanceof Error ? error.message : String(error)]
  } finally {
    // A reader of a database with a log makes these beside it.
    for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
}
