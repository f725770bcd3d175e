import { type Stats, statSync } from 'node:fs'
import { type DatabaseFault, describeFault } from '../../domain/database-fault.ts'
import { TrackerError } from '../../domain/errors.ts'
import { type Connection, logPathOf } from './connection.ts'
import type { Statements } from './statements.ts'

/**
 * Whether a commit of the open connection counts. SQLite goes on writing to a file that was deleted or replaced, and a second
 * process may have got past the lock: through a hard link that was made later, or because the lock file was deleted.
 */
export type DatabaseGuard = {
  /** Compares the open file and its log with what is at their paths now. Remembers the result. */
  findFault(): DatabaseFault | undefined
  /** What `findFault` returned last. */
  lastFault(): DatabaseFault | undefined
  /** For the inside of a transaction, so that the other process can commit nothing between this check and our commit. */
  checkOwner(): void
  /** Throws the error for the fault that there is now. */
  check(): void
  /** The same without looking at the log, which saves a third of the time. */
  checkFile(): void
}

/** `processId` is what this process wrote into the table `owner`. */
export function createDatabaseGuard(
  connection: Connection,
  statements: Statements,
  processId: string,
): DatabaseGuard {
  const path = connection.name
  const database = statSync(path)
  const logPath = logPathOf(path)
  const log = statSync(logPath)
  // Changes when another connection has committed: https://www.sqlite.org/pragma.html#pragma_data_version
  const dataVersion = connection.prepare<[], number>('PRAGMA data_version').pluck()
  let seenVersion = dataVersion.get()
  let { size } = database
  /** Nothing but a restart ends these. */
  let lasting: DatabaseFault | undefined
  let last: DatabaseFault | undefined

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
    } catch {
      return 'unverifiable'
    }
  }
  const lookAtLog = (): DatabaseFault | undefined => {
    try {
      const foundLog = statSync(logPath, { throwIfNoEntry: false })
      return foundLog !== undefined && isSameFile(foundLog, log) ? undefined : 'log_missing'
    } catch {
      return 'unverifiable'
    }
  }
  const findFault = () => {
    last = lookAtFile() ?? lookAtLog()
    return last
  }

  return {
    findFault,
    lastFault: () => last,
    checkOwner() {
      const version = dataVersion.get()
      if (version === seenVersion) return
      if (statements.findOwner.get()?.processId !== processId) {
        lasting = 'taken_over'
        throw faultError(lasting)
      }
      seenVersion = version
    },
    check() {
      const fault = findFault()
      if (fault !== undefined) throw faultError(fault)
    },
    checkFile() {
      const fault = lookAtFile()
      if (fault !== undefined) throw faultError(fault)
    },
  }
}

export function faultError(fault: DatabaseFault): TrackerError {
  // The cause has it logged.
  return new TrackerError('store_unavailable', describeFault(fault).reason, { cause: new Error(fault) })
}

function isSameFile(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}
