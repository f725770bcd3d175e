import type { Commit } from '../../domain/commit.ts'
import type { DatabaseFault } from '../../domain/database-fault.ts'
import { TrackerError } from '../../domain/errors.ts'
import { type Connection, setPatience } from './connection.ts'
import type { DatabaseGuard } from './database-guard.ts'
import { isBusy, storeError, unavailable } from './store-error.ts'
import { abandonTransaction, prepareTransaction } from './transaction.ts'

/** A step, and its caller, who is told after the commit. */
type Job = {
  bytes: number
  ignoresLeft: boolean
  step(): unknown
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** What became of a step inside the transaction. */
type Done = { job: Job; result: unknown } | { job: Job; error: unknown }

export type CommitQueue = {
  /**
   * Runs `step` in the next transaction, with whatever else has queued up. Resolves once that transaction is on disk.
   * A step that throws takes back its own writes only. `bytes` is what it keeps in memory until then. One that
   * `ignoresLeft` reads nothing of what those before it have left to be written.
   */
  commit: <T>(step: () => T, options?: { bytes?: number; ignoresLeft?: boolean }) => Promise<T>
  /** Commits what is queued; afterwards `commit` rejects. */
  drain: () => void
}

/** What is counted while steps run, and written with the transaction that they are in. */
type Counted = {
  mark(): number
  rollBackTo(mark: number): void
  write(): void
  end(isCommitted: boolean): Pick<Commit, 'settled' | 'owed'>
}

/** What steps leave to be written after them, in the same transaction. */
type Left = { write(): void; drop(): void }

/** So that one transaction never keeps the process from its sockets for long. Smaller ones drain a long queue too slowly. */
const MAX_BATCH = 1000

/** So long a commit waits for more steps that are coming, in milliseconds. */
const MOST_WAIT_MS = 10

/** Of the bodies that wait. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024

export type CommitQueueOptions = {
  maxQueued: number
  maxQueuedBytes?: number
  /** Whether more steps are about to be queued in this turn of the event loop. */
  isMoreComing?: () => boolean
  /** How long a commit waits for them at most, in milliseconds. */
  mostWaitMs?: number
}

export function createCommitQueue(
  connection: Connection,
  {
    maxQueued,
    maxQueuedBytes = MAX_QUEUED_BYTES,
    isMoreComing = () => false,
    mostWaitMs = MOST_WAIT_MS,
    guard,
    counted,
    left,
    onCommit,
  }: CommitQueueOptions & {
    guard: DatabaseGuard
    counted: Counted
    left: Left
    onCommit: (commit: Commit) => void
  },
): CommitQueue {
  const transaction = prepareTransaction(connection)
  const queue: Job[] = []
  let queuedBytes = 0
  let isDrained = false
  let isHeld = false

  /**
   * setImmediate runs after all sockets that are ready were read: one transaction for all of them. A turn of the event loop
   * that still brings more is followed by another one: it accepts one new connection only, and while a commit is under way half
   * of the callers wait outside. A queue that fills is not waited with: what comes to a full one is refused.
   */
  function gather(deadline = performance.now() + mostWaitMs): void {
    setImmediate(() => {
      const hasRoom = queue.length * 4 < maxQueued && queuedBytes * 4 < maxQueuedBytes
      if (hasRoom && isMoreComing() && performance.now() < deadline) gather(deadline)
      else commitNext()
    })
  }

  function commitNext(): void {
    const batch = queue.splice(0, MAX_BATCH)
    for (const { bytes } of batch) queuedBytes -= bytes
    if (queue.length > 0 && !isDrained) setImmediate(commitNext)
    if (batch.length > 0) commitBatch(batch)
  }

  function commitBatch(batch: readonly Job[]): void {
    let done: Done[]
    let counts: ReturnType<Counted['end']> | undefined
    const begunAt = performance.now()
    try {
      // A transaction too large for the cache writes to the log before its COMMIT, and would give it its old size again.
      guard.check()
      begin()
      noteHeld(false)
      done = runTogether(batch) ?? batch.map(runApart)
      counted.write()
      // COMMIT extends the log, and may copy it into the file: either would get its old size again.
      guard.check()
      transaction.commit.run()
      counts = counted.end(true)
    } catch (error) {
      abandonTransaction(connection)
      left.drop()
      counted.end(false)
      if (isBusy(error)) noteHeld(true)
      done = rejectAll(batch, guard.findFault(), error)
    }
    // Only now is it known that the commit went into the file that the next start will read.
    const fault = counts && guard.findFault()
    if (fault !== undefined) done = rejectAll(batch, fault)
    const seconds = (performance.now() - begunAt) / 1000
    for (const each of done) {
      if ('error' in each) each.job.reject(each.error)
      else each.job.resolve(each.result)
    }
    if (counts) {
      const isAcknowledged = fault === undefined
      onCommit({ steps: batch.length, waiting: queue.length, seconds, isAcknowledged, ...counts })
    }
  }

  function begin(): void {
    transaction.begin.run()
    guard.checkOwner()
  }

  /** Were every batch to wait for a file that stays held, nothing else would ever get its turn. */
  function noteHeld(held: boolean): void {
    if (held !== isHeld) setPatience(connection, held ? 'impatient' : 'patient')
    isHeld = held
  }

  /** Steps hardly ever fail, and a savepoint for each costs as much as a statement of theirs; undefined where one has failed. */
  function runTogether(batch: readonly Job[]): Done[] | undefined {
    try {
      const done = batch.map((job) => {
        if (!job.ignoresLeft) left.write()
        return { job, result: job.step() }
      })
      left.write()
      return done
    } catch (error) {
      left.drop()
      // Some failures, a full disk among them, make SQLite roll back the whole transaction: then all of them fail.
      if (!connection.inTransaction) throw error
      transaction.rollBackAll.run()
      counted.rollBackTo(0)
      begin()
      return undefined
    }
  }

  /** So that a step that fails takes back its own writes only. */
  function runApart(job: Job): Done {
    const mark = counted.mark()
    transaction.savepoint.run()
    try {
      const result = job.step()
      left.write()
      transaction.release.run()
      return { job, result }
    } catch (error) {
      left.drop()
      if (!connection.inTransaction) throw error
      transaction.rollBack.run()
      transaction.release.run()
      counted.rollBackTo(mark)
      return { job, error: storeError(error) }
    }
  }

  function rejectAll(batch: readonly Job[], fault: DatabaseFault | undefined, cause?: unknown): Done[] {
    const error = fault === undefined ? unavailable(cause) : guard.errorFor(fault)
    return batch.map((job) => ({ job, error }))
  }

  return {
    commit(step, { bytes = 0, ignoresLeft = false } = {}) {
      return new Promise((resolve, reject) => {
        if (isDrained) return reject(unavailable(new Error('The store is closed.')))
        if (queue.length >= maxQueued || (bytes > 0 && queuedBytes + bytes > maxQueuedBytes))
          return reject(new TrackerError('overloaded', 'Too many writes are waiting. Try again later.'))
        if (queue.length === 0) gather()
        queuedBytes += bytes
        queue.push({ bytes, ignoresLeft, step, resolve: resolve as Job['resolve'], reject })
      })
    },
    drain() {
      isDrained = true
      while (queue.length > 0) commitNext()
    },
  }
}
