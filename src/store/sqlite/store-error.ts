import Database from 'better-sqlite3'
import { TrackerError } from '../../domain/errors.ts'

/** The disk or the file refuses; https://www.sqlite.org/rescode.html. Extended codes start with these. */
const REFUSALS = [
  'FULL',
  'IOERR',
  'BUSY',
  'LOCKED',
  'READONLY',
  'CORRUPT',
  'NOTADB',
  'CANTOPEN',
  'PERM',
  'NOMEM',
]

/** The error to reject with: `store_unavailable` where SQLite was refused by what is under it, else the error itself. */
export function storeError(error: unknown): unknown {
  const isRefusal =
    error instanceof Database.SqliteError && REFUSALS.some((code) => error.code.startsWith(`SQLITE_${code}`))
  return isRefusal ? unavailable(error) : error
}

/** Another connection holds the file. */
export function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')
}

export function unavailable(cause: unknown): TrackerError {
  return new TrackerError(
    'store_unavailable',
    'The database cannot be used at the moment. Try again later.',
    {
      cause,
    },
  )
}
