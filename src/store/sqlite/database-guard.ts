import { type Stats, statSync } from 'node:fs'
import { type DatabaseFault, describeFault } from '../../domain/database-fault.ts'
import { TrackerError } from '../../domain/errors.ts'
import { type Connection, countFrames, pathBeside } from './connection.ts'
import { createStatements } from './statements.ts'

export type DatabaseGuard = ReturnType<typeof createDatabaseGuard>

/**
 * Checks whether commits of the open connection reach the file that the next start will read. SQLite keeps writing to a file
 * that was deleted or replaced, and a second process may have bypassed the lock: through a hard link made later, or because the
 * lock file was deleted.
 *
 * `processId` is the owner that this process wrote into the table `metadata`. `onForeignCommit` is called inside the first
 * transaction after another connection has committed.
 */
export function createDatabaseGuard(
  connection: Connection,
  { processId, onForeignCommit }: { processId: number; onForeignCommit: () => void },
) {
  const { value } = createStatements(connection)
  const path = connection.name
  const database = statSync(path)
  const logPath = pathBeside(path, '-wal')
  const log = statSync(logPath)
  // Changes when another connection has committed: https://www.sqlite.org/pragma.html#pragma_data_version
  const dataVersion = value<number>('PRAGMA data_version')
  const findOwner = value<number>(`SELECT value FROM metadata WHERE name = 'owner'`)
  let checkedVersion = dataVersion()
  // The sizes at the last check.
  let { size } = database
  let logSize = log.size
  /** A fault that only a restart ends. */
  let permanentFault: DatabaseFault | undefined
  let statError: unknown

  const checkFile = (): DatabaseFault | undefined => {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found === undefined) return 'missing'
    if (!isSameFile(found, database)) return 'replaced'
    if (found.size < size) permanentFault = 'truncated'
    else size = found.size
    return permanentFault
  }
  const checkLog = (): DatabaseFault | undefined => {
    const found = statSync(logPath, { throwIfNoEntry: false })
    if (found === undefined || !isSameFile(found, log)) return 'log_missing'
    if (found.size < logSize) {
      // Another process can empty the log correctly only with the lock that our transaction has, so this is a fault now. The next
      // check outside the transaction decides whether it is permanent.
      if (connection.inTransaction) return 'log_truncated'
      // After a checkpoint that emptied the log, SQLite counts no frames.
      const { frames, framesInLog } = countFrames(connection, found.size)
      if (framesInLog < frames) permanentFault = 'log_truncated'
    }
    if (permanentFault === undefined) logSize = found.size
    return permanentFault
  }
  /** Compares the open file and its log with the files at their paths now. */
  const findFault = (): DatabaseFault | undefined => {
    try {
      return permanentFault ?? checkFile() ?? checkLog()
    } catch (error) {
      statError = error
      return 'unverifiable'
    }
  }
  /** The error for a fault. Its cause, which is logged, includes the error that prevented a check. */
  const errorFor = (fault: DatabaseFault): TrackerError => {
    const cause = new Error(fault, fault === 'unverifiable' ? { cause: statError } : {})
    return new TrackerError('store_unavailable', describeFault(fault), { cause })
  }

  return {
    findFault,
    errorFor,
    /** Throws if there is a fault now. */
    check(): void {
      const fault = findFault()
      if (fault !== undefined) throw errorFor(fault)
    },
    /**
     * Throws if another process has become the owner. Call it inside a transaction, so that no other process can commit between this
     * check and our commit.
     */
    checkOwner(): void {
      const version = dataVersion()
      if (version === checkedVersion) return
      if (findOwner() !== processId) {
        permanentFault = 'taken_over'
        throw errorFor(permanentFault)
      }
      checkedVersion = version
      onForeignCommit()
    },
  }
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}
