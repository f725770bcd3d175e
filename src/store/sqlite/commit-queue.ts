import type { Commit } from '../../domain/commit.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Connection } from './connection.ts'
import { storeError, unavailable } from './store-error.ts'

/** Does its step inside the transaction and returns what tells its caller, for after the commit. */
type Job = { run(): () => void; reject(error: unknown): void }

export type CommitQueue = {
  /**
   * Runs `step` in the next transaction, with whatever else has queued up. Resolves once that transaction is on disk.
   * A step that throws takes back its own writes only.
   */
  commit: <T>(step: () => T) => Promise<T>
  /** Commits what is queued; afterwards `commit` rejects. */
  drain: () => void
}

/** What is counted while steps run, and written with the transaction that they are in. */
type Counted = {
  mark(): number
  rollBackTo(mark: number): void
  write(): void
  end(isCommitted: boolean): Commit['settled']
}

/** So that one transaction never keeps the process from its sockets for long. */
const MAX_BATCH = 1000

export function createCommitQueue(
  connection: Connection,
  {
    maxQueued,
    counted,
    onCommit,
  }: { maxQueued: number; counted: Counted; onCommit: (commit: Commit) => void },
): CommitQueue {
  const transaction = prepareTransaction(connection)
  const queue: Job[] = []
  let isDrained = false

  function commitNext(): void {
    const batch = queue.splice(0, MAX_BATCH)
    if (queue.length > 0 && !isDrained) setImmediate(commitNext)
    if (batch.length > 0) commitBatch(batch)
  }

  function commitBatch(batch: readonly Job[]): void {
    let tellCallers: (() => void)[]
    let settled: Commit['settled'] | undefined
    const begunAt = performance.now()
    try {
      transaction.begin.run()
      tellCallers = batch.map(runJob)
      counted.write()
      transaction.commit.run()
      settled = counted.end(true)
    } catch (error) {
      abandonTransaction(connection)
      counted.end(false)
      const reason = unavailable(error)
      tellCallers = batch.map((job) => () => job.reject(reason))
    }
    const seconds = (performance.now() - begunAt) / 1000
    for (const tell of tellCallers) tell()
    if (settled) onCommit({ steps: batch.length, waiting: queue.length, seconds, settled })
  }

  function runJob(job: Job): () => void {
    const mark = counted.mark()
    transaction.savepoint.run()
    try {
      const tell = job.run()
      transaction.release.run()
      return tell
    } catch (error) {
      // Some failures, a full disk among them, make SQLite roll back the whole transaction: then the neighbours fail too.
      if (!connection.inTransaction) throw error
      transaction.rollBack.run()
      transaction.release.run()
      counted.rollBackTo(mark)
      return () => job.reject(storeError(error))
    }
  }

  return {
    commit(step) {
      return new Promise((resolve, reject) => {
        if (isDrained) return reject(unavailable(new Error('The store is closed.')))
        if (queue.length >= maxQueued)
          return reject(new TrackerError('overloaded', 'Too many writes are waiting. Try again later.'))
        // setImmediate runs after all sockets that are ready were read: one transaction for all of them, and no wait.
        if (queue.length === 0) setImmediate(commitNext)
        queue.push({
          run() {
            const result = step()
            return () => resolve(result)
          },
          reject,
        })
      })
    },
    drain() {
      isDrained = true
      while (queue.length > 0) commitNext()
    },
  }
}

function prepareTransaction(connection: Connection) {
  return {
    begin: connection.prepare('BEGIN IMMEDIATE'),
    commit: connection.prepare('COMMIT'),
    savepoint: connection.prepare('SAVEPOINT step'),
    release: connection.prepare('RELEASE step'),
    rollBack: connection.prepare('ROLLBACK TO step'),
  }
}

function abandonTransaction(connection: Connection): void {
  try {
    if (connection.inTransaction) connection.exec('ROLLBACK')
  } catch {
    // SQLite has rolled back by itself; were it not so, the next BEGIN would fail and tell its callers.
  }
}
