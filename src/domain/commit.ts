import type { FinalStatus, RunSource } from './run.ts'

/** A run that came to its final status, and how long after its request. */
export type SettledRun = { extension: string; status: FinalStatus; source: RunSource; seconds: number }

/** One transaction that is on disk: a batch, or what was deleted between two batches. */
export type Commit = {
  /** How many steps it had; 1 where something was deleted. */
  steps: number
  /** How many steps wait for the next batch. */
  waiting: number
  /** How long the transaction was open. */
  seconds: number
  settled: readonly SettledRun[]
  /**
   * False: the database turned out to be no longer the one at its path, so each step was rejected although its effect is
   * in the open file.
   */
  isAcknowledged: boolean
  /** How many notifications it created. */
  notificationsCreated: number
  /** The assets and submissions that it changed. */
  fileIds: ReadonlySet<string>
  submissionIds: ReadonlySet<string>
}

/** What other processes have changed. `unknown`: anything, or nothing. */
export type ChangedElsewhere = { fileIds: readonly string[]; submissionIds: readonly string[] } | 'unknown'
