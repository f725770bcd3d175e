import { chmodSync, closeSync, mkdirSync, openSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { DatabaseStartError, errorMessage } from '../../domain/errors.ts'
import { isBusy, makePrivate, pathBeside } from './connection.ts'

/** Whether there is a non-empty file at `path`, valid or not. */
export function hasDatabase(path: string): boolean {
  try {
    const found = statSync(path)
    return found.isFile() && found.size > 0
  } catch {
    return false
  }
}

/**
 * Files in /proc look like files on a disk, but no file can be created there:
 * https://man7.org/linux/man-pages/man2/statfs.2.html
 */
const PROC_TYPE = 0x9fa0

/** Creates a missing file, empty. Throws `DatabaseStartError` if no database can ever be there. */
export function checkDatabasePath(path: string): void {
  let isDatabase: boolean
  let isInProc: boolean
  try {
    makeFolder(dirname(path))
    isInProc = statfsSync(dirname(path)).type === PROC_TYPE
    if (statSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openSync(path, 'a', 0o600))
    isDatabase = statSync(path).isFile()
  } catch (error) {
    throw unusable(path, errorMessage(error))
  }
  if (isInProc) throw unusable(path, 'it is in /proc')
  // For a folder or a device, no lock file should be created either.
  if (!isDatabase) throw unusable(path, 'it is not a file')
}

/** Not `recursive: true`: below /proc that never returns. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

export function unusable(path: string, reason: string): DatabaseStartError {
  return new DatabaseStartError(`DATABASE_URL: no database can be opened or created at ${path}: ${reason}`)
}

/** Throws `DatabaseStartError` for a file with several names: under each of them, it would have a separate lock and log. */
export function rejectHardLinks(path: string): void {
  const { nlink } = statSync(path)
  if (nlink > 1)
    throw new DatabaseStartError(
      `The database ${path} has ${nlink} hard links. Remove the other names, or replace them with copies, and start again.`,
    )
}

/**
 * Takes `PATH-lock` for the life of this process and returns the function that releases it. Throws `DatabaseStartError` if
 * another process has it. The lock is an open transaction on a separate database, so the kernel releases it when the process
 * ends, even by kill -9, and no stale lock remains.
 */
export function takeProcessLock(path: string): () => void {
  const lockPath = pathBeside(path, '-lock')
  // A process that can read the file could take the lock, and keep the service from starting.
  makePrivate(lockPath)
  const lock = new Database(lockPath, { timeout: 0 })
  try {
    chmodSync(lockPath, 0o600)
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if (!isBusy(error)) throw error
    const message = `The database ${path} is in use by another process. Stop that process first.`
    throw new DatabaseStartError(message, { cause: error })
  }
  return () => void lock.close()
}
