import type { FinalStatus, RunSource } from './run.ts'

/** A run that reached its final status. `seconds` is the time since its request. */
export type SettledRun = { extension: string; status: FinalStatus; source: RunSource; seconds: number }

/** One committed transaction: a batch, or maintenance between two batches, such as a sweep or a deletion. */
export type Commit = {
  /** The number of steps; 1 for maintenance. */
  steps: number
  /** The number of steps that wait for the next batch. */
  waiting: number
  /** How long the transaction was open. */
  seconds: number
  settled: readonly SettledRun[]
  /**
   * False if the open database was no longer the file at its path: each step was rejected, although its effect is in the open
   * file.
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
