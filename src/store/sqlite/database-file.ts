import { chmodSync, closeSync, mkdirSync, openSync, statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { DatabaseStartError } from '../store-errors.ts'
import { makePrivate, pathBeside } from './connection.ts'
import { isBusy } from './store-error.ts'

/** There is a file with something in it at `path`, whether or not it can be opened. */
export function hasDatabase(path: string): boolean {
  try {
    const found = statSync(path)
    return found.isFile() && found.size > 0
  } catch {
    return false
  }
}

/** Some files in /proc look like files of a disk, but nothing can be made beside them: https://man7.org/linux/man-pages/man2/statfs.2.html */
const PROC_TYPE = 0x9fa0

/** Makes an empty file where there is none. Throws `DatabaseStartError` where no database can ever be. */
export function checkDatabasePath(path: string): void {
  let isDatabase: boolean
  let isInProc: boolean
  try {
    makeFolder(dirname(path))
    isInProc = statfsSync(dirname(path)).type === PROC_TYPE
    if (statSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openSync(path, 'a', 0o600))
    isDatabase = statSync(path).isFile()
  } catch (error) {
    throw unusable(path, reasonOf(error))
  }
  if (isInProc) throw unusable(path, 'it is in /proc')
  // Beside a folder or a device no lock should be made either.
  if (!isDatabase) throw unusable(path, 'it is not a file')
}

/** Not `recursive: true`: below /proc that never returns. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  makeFolder(dirname(path))
  mkdirSync(path)
}

export function unusable(path: string, reason: string): DatabaseStartError {
  return new DatabaseStartError(`DATABASE_URL: no database can be opened or made at ${path}: ${reason}`)
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Under each of its names the file would have a lock and a log of its own. */
export function refuseHardLinks(path: string): void {
  const { nlink } = statSync(path)
  if (nlink > 1)
    throw new DatabaseStartError(
      `The database ${path} has ${nlink} hard links. Remove the other names, or replace them with copies, and start again.`,
    )
}

/**
 * Takes `PATH-lock` for the life of this process and returns what gives it back. It is an open transaction on a database
 * of its own, so the kernel ends it with the process, kill -9 included, and no stale lock is ever left behind.
 */
export function takeProcessLock(path: string): () => void {
  const lockPath = pathBeside(path, '-lock')
  // Whoever can read the file can hold the lock, and keep the service from starting.
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
