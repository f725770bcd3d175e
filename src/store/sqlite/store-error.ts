import Database from 'better-sqlite3'
import { unavailable } from '../store-errors.ts'

/** The disk or the file failed; https://www.sqlite.org/rescode.html. Extended codes start with these. */
const UNAVAILABLE = /^SQLITE_(FULL|IOERR|BUSY|LOCKED|READONLY|CORRUPT|NOTADB|CANTOPEN|PERM|NOMEM)/

/** The error to reject with: `store_unavailable` if the disk or the file failed, else the error itself. */
export function storeError(error: unknown): unknown {
  return error instanceof Database.SqliteError && UNAVAILABLE.test(error.code) ? unavailable(error) : error
}

/** Another connection has locked the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}
