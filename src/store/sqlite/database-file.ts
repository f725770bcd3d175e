import { chmodSync, closeSync, mkdirSync, openSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { DatabaseStartError, errorMessage } from '../../domain/errors.ts'
import { createPrivateFile, isBusy, pathBeside } from './connection.ts'

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
 * The type of the file system /proc. Its files look like files on a disk, but no file can be created there:
 * https://man7.org/linux/man-pages/man2/statfs.2.html
 */
const PROC_TYPE = 0x9fa0

/** Creates a missing folder, and a missing file, empty. Throws `DatabaseStartError` if it can't, or if no database can be there. */
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
  // Checked here, so that no lock file is created beside a folder or a device.
  if (!isDatabase) throw unusable(path, 'it is not a file')
}

/** Creates a folder with its parents. Not with `recursive: true`: below /proc, `mkdirSync` would never return. */
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
 * Locks `PATH-lock`, and returns the function that releases the lock. Throws `DatabaseStartError` if another process has it. The
 * lock is an open transaction on `PATH-lock`, a database of its own. So the kernel releases the lock when the process ends, even by
 * kill -9, and no stale lock remains.
 */
export function takeProcessLock(path: string): () => void {
  const lockPath = pathBeside(path, '-lock')
  // Private, because a process that can read the file could lock it, and keep the service from starting.
  createPrivateFile(lockPath)
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
