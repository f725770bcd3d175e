import type { FinalStatus, RunSource } from './run.ts'

/** A run that reached its final status. `seconds` is the time from its request until then. */
export type SettledRun = { extension: string; status: FinalStatus; source: RunSource; seconds: number }

/** One committed transaction: a batch of steps, or maintenance, such as a sweep or a deletion. */
export type Commit = {
  /** The number of steps; 1 for maintenance. */
  steps: number
  /** The number of steps and maintenance jobs that are still queued. */
  waiting: number
  /** How long the transaction took. */
  seconds: number
  settled: readonly SettledRun[]
  /**
   * False if the check after the commit found a `DatabaseFault`, such as a replaced file: every step was rejected, although its
   * changes are in the open file.
   */
  isAcknowledged: boolean
  /** The number of notifications that it created. */
  notificationsCreated: number
  /** The assets and submissions that it changed. */
  fileIds: ReadonlySet<string>
  submissionIds: ReadonlySet<string>
}

/** What other processes have changed. `unknown`: it may be anything. */
export type ChangedElsewhere = { fileIds: readonly string[]; submissionIds: readonly string[] } | 'unknown'
