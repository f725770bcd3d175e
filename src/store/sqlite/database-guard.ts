import { type Stats, statSync } from 'node:fs'
import { type DatabaseFault, describeFault } from '../../domain/database-fault.ts'
import { TrackerError } from '../../domain/errors.ts'
import { type Connection, logPathOf } from './connection.ts'
import { countFrames } from './write-ahead-log.ts'

/**
 * Whether a commit of the open connection counts. SQLite goes on writing to a file that was deleted or replaced, and a second
 * process may have got past the lock: through a hard link that was made later, or because the lock file was deleted.
 */
export type DatabaseGuard = {
  /** Compares the open file and its log with what is at their paths now. */
  findFault(): DatabaseFault | undefined
  /** For the inside of a transaction, so that the other process can commit nothing between this check and our commit. */
  checkOwner(): void
  /** Throws the error for the fault that there is now. */
  check(): void
  /** The error for a fault. It carries what kept the file from being checked. */
  errorFor(fault: DatabaseFault): TrackerError
}

/**
 * `processId` is the owner that this process wrote into the table `positions`. `onForeignCommit` is called inside the first transaction after
 * another connection has committed.
 */
export function createDatabaseGuard(
  connection: Connection,
  { processId, onForeignCommit }: { processId: number; onForeignCommit: () => void },
): DatabaseGuard {
  const path = connection.name
  const database = statSync(path)
  const logPath = logPathOf(path)
  const log = statSync(logPath)
  // Changes when another connection has committed: https://www.sqlite.org/pragma.html#pragma_data_version
  const dataVersion = connection.prepare<[], number>('PRAGMA data_version').pluck()
  const findOwner = connection.prepare<[], number>(`SELECT n FROM positions WHERE name = 'owner'`).pluck()
  let seenVersion = dataVersion.get()
  let { size } = database
  let logSize = log.size
  /** Nothing but a restart ends these. */
  let lasting: DatabaseFault | undefined
  let statError: unknown

  const errorFor = (fault: DatabaseFault): TrackerError => {
    // The cause has it logged.
    const cause = new Error(fault, fault === 'unverifiable' ? { cause: statError } : {})
    return new TrackerError('store_unavailable', describeFault(fault).reason, { cause })
  }
  const lookAtFile = (): DatabaseFault | undefined => {
    if (lasting !== undefined) return lasting
    try {
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined) return 'missing'
      if (!isSameFile(found, database)) return 'replaced'
      if (found.size < size) {
        lasting = 'truncated'
        return lasting
      }
      size = found.size
      return undefined
    } catch (error) {
      statError = error
      return 'unverifiable'
    }
  }
  const lookAtLog = (): DatabaseFault | undefined => {
    try {
      const found = statSync(logPath, { throwIfNoEntry: false })
      if (found === undefined || !isSameFile(found, log)) return 'log_missing'
      if (found.size < logSize) {
        // Whoever empties the log rightly needs the lock that our transaction holds. The next check, outside of it, decides.
        if (connection.inTransaction) return 'log_truncated'
        // After a checkpoint that emptied the log, SQLite counts no frames.
        const { frames, framesInLog } = countFrames(connection, found.size)
        if (framesInLog < frames) {
          lasting = 'log_truncated'
          return lasting
        }
      }
      logSize = found.size
      return undefined
    } catch (error) {
      statError = error
      return 'unverifiable'
    }
  }
  const findFault = () => lookAtFile() ?? lookAtLog()

  return {
    findFault,
    checkOwner() {
      const version = dataVersion.get()
      if (version === seenVersion) return
      if (findOwner.get() !== processId) {
        lasting = 'taken_over'
        throw errorFor(lasting)
      }
      seenVersion = version
      onForeignCommit()
    },
    check() {
      const fault = findFault()
      if (fault !== undefined) throw errorFor(fault)
    },
    errorFor,
  }
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}
