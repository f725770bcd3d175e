import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import type { Commit, SettledRun } from '../domain/commit.ts'
import type { Step } from '../domain/decide/step.ts'
import { TrackerError } from '../domain/errors.ts'
import type { NewIds } from '../domain/ids.ts'
import { isSettledNow, type Run } from '../domain/run.ts'
import { type BatchQuery, type BatchResult, runBatch, type StepOutcome } from './batch.ts'
import type { Change } from './working-set.ts'

/**
 * A committed transaction. `fault`: a fault of the database file that was found after the commit, so the changes may be missing after
 * the next start.
 */
export type Committed<T> = { result: T; fault?: TrackerError | undefined }

/** The database under the queue. */
export type BatchDatabase = {
  /**
   * Runs the queries of a batch in one transaction, and resolves once that is on disk. The batch takes the ids of its new rows
   * from `ids`; ids of a failed transaction are not reused. Rejects with `store_unavailable` if the database can't be used, for
   * example because the disk fails or a lock is not free, and with any other error if a row can't be written. Then nothing is
   * written, unless the error says `mayBeCommitted`.
   */
  transact: <T>(makeBatch: (ids: NewIds) => Generator<BatchQuery, T, void>) => Promise<Committed<T>>
  /** The error with which every transaction would fail now, so that callers are rejected at once; undefined if none is known. */
  rejection?: () => unknown
}

export type WriteQueue = {
  /**
   * Runs a step in a transaction, together with other queued steps. Resolves once that transaction is on disk. A
   * failed step changes nothing and does not fail the others. Rejects with `overloaded` if too much is queued.
   */
  run<T>(step: Step<T>): Promise<T>
  /**
   * Runs work that is not a step, in its own transaction. The work adds what it changes to `changed`. Rejects with `overloaded` if
   * too much is queued.
   */
  runSeparately<T>(
    work: () => Promise<Committed<T>>,
    changed: Pick<Commit, 'fileIds' | 'submissionIds'>,
  ): Promise<T>
  /** Rejects everything new from here on. Resolves once all that is queued has been committed or has failed. */
  close(): Promise<void>
}

export type WriteQueueOptions = {
  /** The maximum number of queued steps and other work. */
  maxQueued?: number
  /** The maximum number of bytes of the bodies in queued steps, such as those of deliveries. */
  maxQueuedBytes?: number
  /** Whether more steps are about to be queued in this tick of the event loop. */
  hasPending?: () => boolean
  /** How long a commit waits for such steps at most, in milliseconds. */
  maxWaitMs?: number
  /** The maximum number of concurrent transactions. One, unless the database lets them overlap. */
  maxTransactions?: number
  /** The maximum number of steps of a transaction. */
  maxBatch?: number
}

/** Limits how long a transaction blocks the event loop. Smaller batches drain a long queue too slowly. */
const MAX_BATCH = 1000

/**
 * A batch that ends early has loaded the rows of its remaining steps in vain. So the next one is limited to twice the number of steps
 * that it decided, but this limit is never below `MIN_BATCH`.
 */
const MIN_BATCH = 64

const MAX_WAIT_MS = 10

/**
 * Two small transactions cost more than one. So even if transactions may overlap, a batch smaller than `LARGE_BATCH` waits for a running
 * one to end, for at most `LONG_TRANSACTION_MS`.
 */
const LARGE_BATCH = 64
const LONG_TRANSACTION_MS = 10

const MAX_QUEUED = 10_000

const MAX_QUEUED_BYTES = 64 * 1024 * 1024

type Job = {
  step: Step<unknown>
  resolve(result: unknown): void
  reject(error: unknown): void
}

type SeparateJob = { work(): Promise<void> }

/** What a commit of work that is not a step reports. */
const SEPARATE_WORK = { steps: 1, settled: [], notificationsCreated: 0 }

export function createWriteQueue(
  database: BatchDatabase,
  {
    maxQueued = MAX_QUEUED,
    maxQueuedBytes = MAX_QUEUED_BYTES,
    hasPending = () => false,
    maxWaitMs = MAX_WAIT_MS,
    maxTransactions = 1,
    maxBatch = MAX_BATCH,
    onCommit,
  }: WriteQueueOptions & { onCommit: (commit: Commit) => void },
): WriteQueue {
  let queue: (Job | SeparateJob)[] = []
  let queuedBytes = 0
  let isClosed = false
  let running = 0
  let isScheduled = false
  let limit = maxBatch
  let closed: Promise<void> | undefined
  let resolveEmpty = () => {}
  let smallBatchTimer: NodeJS.Timeout | undefined

  const rejectionNow = (): unknown => (isClosed ? closedError() : database.rejection?.())

  function add(job: Job | SeparateJob): void {
    queue.push(job)
    scheduleNext('gathering')
  }

  function scheduleNext(how: 'gathering' | 'at once'): void {
    if (isScheduled || queue.length === 0 || running === maxTransactions) return
    if (running > 0 && isSmall()) {
      smallBatchTimer ??= setTimeout(startNext, LONG_TRANSACTION_MS)
      return
    }
    isScheduled = true
    if (how === 'gathering') gather()
    else setImmediate(startNext)
  }

  /**
   * setImmediate runs after all ready sockets were read: one transaction for all of them. While more steps are about to be
   * queued, the commit waits for another tick of the event loop, because each tick accepts only one new connection. Don't wait
   * once the queue is a quarter full: a full queue rejects writes.
   */
  function gather(deadline = performance.now() + maxWaitMs): void {
    setImmediate(() => {
      const hasRoom = queue.length * 4 < maxQueued && queuedBytes * 4 < maxQueuedBytes
      if (!isClosed && hasRoom && hasPending() && performance.now() < deadline) gather(deadline)
      else startNext()
    })
  }

  function isSmall(): boolean {
    const [first] = queue
    return first !== undefined && 'step' in first && queue.length < LARGE_BATCH
  }

  function startNext(): void {
    isScheduled = false
    clearTimeout(smallBatchTimer)
    smallBatchTimer = undefined
    if (queue.length === 0 || running === maxTransactions) return
    running += 1
    const [first] = queue
    const isSeparate = first !== undefined && 'work' in first
    if (isSeparate) queue.shift()
    const ended = isSeparate ? first.work() : commitBatch(takeBatch())
    void ended.then(() => {
      running -= 1
      // A job that deletes in many transactions queues each one right after the previous one has ended: gather the
      // deliveries that arrived meanwhile, so that they are committed in between.
      scheduleNext(isSeparate ? 'gathering' : 'at once')
      if (queue.length === 0 && running === 0) resolveEmpty()
    })
    scheduleNext('at once')
  }

  function takeBatch(): Job[] {
    const batch: Job[] = []
    for (const job of queue) {
      if ('work' in job || batch.length === limit) break
      batch.push(job)
    }
    queue = queue.slice(batch.length)
    for (const { step } of batch) queuedBytes -= step.bytes ?? 0
    return batch
  }

  async function commitBatch(batch: readonly Job[]): Promise<void> {
    const begunAt = performance.now()
    const steps = batch.map(({ step }) => step)
    let committed: Committed<BatchResult>
    try {
      committed = await database.transact((ids) => runBatch(steps, ids))
    } catch (error) {
      const isUnavailable = error instanceof TrackerError && error.code === 'store_unavailable'
      if (isUnavailable || batch.length === 1) for (const job of batch) job.reject(error)
      else await commitOneByOne(batch)
      return
    }
    const { result, fault } = committed
    const { outcomes } = result
    const deferred = batch.slice(outcomes.length)
    queue = [...deferred, ...queue]
    limit = deferred.length === 0 ? maxBatch : Math.min(maxBatch, Math.max(2 * outcomes.length, MIN_BATCH))
    for (const { step } of deferred) queuedBytes += step.bytes ?? 0
    const seconds = (performance.now() - begunAt) / 1000
    // Before the callers get their results: they may read a status next, which must not come from a stale cache.
    onCommit(commitOf(result, { waiting: queue.length, seconds, isAcknowledged: fault === undefined }))
    for (const [index, outcome] of outcomes.entries()) resolveOrReject(batch[index], outcome, fault)
  }

  /**
   * Some step can't be written, but the others may be. Commits of a synchronous database block the event loop, so yield to it after
   * each of them.
   */
  async function commitOneByOne(batch: readonly Job[]): Promise<void> {
    for (const job of batch) {
      await commitBatch([job])
      await yieldToEventLoop()
    }
  }

  return {
    run(step) {
      return new Promise((resolve, reject) => {
        const { bytes = 0 } = step
        const rejection = rejectionNow()
        if (rejection !== undefined) return reject(rejection)
        if (queue.length >= maxQueued || (bytes > 0 && queuedBytes + bytes > maxQueuedBytes))
          return reject(overloadedError())
        queuedBytes += bytes
        add({ step, resolve: resolve as Job['resolve'], reject })
      })
    },
    runSeparately(work, changed) {
      const run = async () => {
        const begunAt = performance.now()
        const { result, fault } = await work()
        const seconds = (performance.now() - begunAt) / 1000
        const isAcknowledged = fault === undefined
        onCommit({ ...SEPARATE_WORK, waiting: queue.length, seconds, isAcknowledged, ...changed })
        if (fault !== undefined) throw fault
        return result
      }
      return new Promise((resolve, reject) => {
        const rejection = rejectionNow()
        if (rejection !== undefined) return reject(rejection)
        if (queue.length >= maxQueued) return reject(overloadedError())
        add({ work: () => run().then(resolve, reject) })
      })
    },
    async close() {
      isClosed = true
      if (queue.length === 0 && running === 0) return
      closed ??= new Promise((resolve) => {
        resolveEmpty = resolve
      })
      await closed
    },
  }
}

function overloadedError(): TrackerError {
  return new TrackerError('overloaded', 'Too many writes are waiting. Try again later.')
}

function closedError(): TrackerError {
  const message = 'The database cannot be used at the moment. Try again later.'
  return new TrackerError('store_unavailable', message, { cause: new Error('The store is closed.') })
}

/** Gives a step's caller the outcome. With a `fault`, every step is rejected, because its changes may be lost. */
function resolveOrReject(job: Job | undefined, outcome: StepOutcome, fault: TrackerError | undefined): void {
  if (fault !== undefined) job?.reject(fault)
  else if ('error' in outcome) job?.reject(outcome.error)
  else job?.resolve(outcome.result)
}

function commitOf(
  { outcomes, changes }: BatchResult,
  facts: Pick<Commit, 'waiting' | 'seconds' | 'isAcknowledged'>,
): Commit {
  return {
    ...facts,
    steps: outcomes.length,
    fileIds: changes.fileIds,
    submissionIds: changes.submissionIds,
    settled: changes.rows.runs.flatMap((change) => settledRun(change) ?? []),
    notificationsCreated: changes.rows.notifications.filter(({ before }) => before === undefined).length,
  }
}

function settledRun({ before, after }: Change<Run>): SettledRun | undefined {
  if (after === undefined || !isSettledNow(before, after)) return undefined
  const { name, status, source, settledAt, updatedAt, requestedAt } = after
  const ms = (settledAt ?? updatedAt) - requestedAt
  return { extension: name, status, source, seconds: Math.max(ms, 0) / 1000 }
}
