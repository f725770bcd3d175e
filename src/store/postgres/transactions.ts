import { setTimeout as pause } from 'node:timers/promises'
import { storeUnavailable } from '../../domain/errors.ts'
import { type IdCounts, type IdKind, type NewIds, parseId } from '../../domain/ids.ts'
import { type BatchQuery, OutOfIdsError } from '../batch.ts'
import { createNewIds } from '../new-ids.ts'
import { runAsync } from '../transaction-work.ts'
import type { BatchChanges } from '../working-set.ts'
import type { BatchDatabase, Committed } from '../write-queue.ts'
import type { LoadRows } from './load-rows.ts'
import { addPartitions } from './partitions.ts'
import type { Pool, Session } from './pool.ts'
import { prepared } from './prepared.ts'
import { codeOf, isConflict, isDisconnected, isPartitionMissing, storeError } from './store-error.ts'
import { createWriteRows } from './write-rows.ts'

export type Transactions = Required<BatchDatabase> & {
  /**
   * Does `work` in one transaction. After a conflict, `work` is repeated, so whatever else it does must be harmless to repeat. Rejects
   * as `transact` does.
   */
  write: <T>(work: (session: Session, ids: RowIds) => Promise<T>) => Promise<Committed<T>>
}

/** The ids of one transaction. Numbers come from the sequences inside the transaction; none is kept for another one. */
type RowIds = NewIds & { fetch: (counts: IdCounts) => Promise<void> }

/** The work inside a transaction. It adds the results of queries that it does not await to `results`. */
type TransactionBody<T> = (session: Session, ids: RowIds, results: Promise<unknown>[]) => Promise<T>

const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE'

/**
 * If a statement, a wait for a lock or a pause between statements takes longer than its limit here, the server makes the transaction
 * fail, so none hangs. Also sets `synchronous_commit` to `on` if it is `off`, so that COMMIT waits for the disk.
 */
const LIMITS = prepared(
  `SELECT set_config('statement_timeout', '4s', true), set_config('lock_timeout', '2s', true),
    set_config('idle_in_transaction_session_timeout', '5s', true),
    set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), true)`,
)

/**
 * A transaction that conflicts with others is attempted again after a random pause: the first is shorter than twice `RETRY_PAUSE_MS`,
 * and this limit doubles each time. Gives up after `MAX_ATTEMPTS`, or with the first conflict after `RETRY_FOR_MS`.
 */
const MAX_ATTEMPTS = 8
const RETRY_FOR_MS = 5_000
const RETRY_PAUSE_MS = 5

/** How long to search for a row of a batch whose connection broke during the COMMIT. */
const SEARCH_MS = 3_000
const SEARCH_EVERY_MS = 200

/**
 * Finds a row by its id, and locks it: the lock writes to the write-ahead log, so the COMMIT of the search waits for synchronous
 * standbys. After a plain read, the COMMIT would not wait.
 */
const FIND_ROW = {
  dlv: prepared('SELECT 1 FROM deliveries WHERE n = ? AND chk = ? FOR KEY SHARE'),
  sub: prepared('SELECT 1 FROM submissions WHERE n = ? AND chk = ? FOR KEY SHARE'),
}

/** Transactions on the connections of a pool. Rows of unfinished work are marked with `processId`. */
export function createTransactions(deps: {
  pool: Pool
  loadRows: LoadRows
  processId: number
}): Transactions {
  const { pool, loadRows, processId } = deps

  /** Resolves with PostgreSQL's error if a statement failed and the transaction was rolled back. */
  const attempt = <T>(
    body: TransactionBody<T>,
    wasCommitted: () => Promise<boolean>,
  ): Promise<{ result: T } | { error: unknown }> =>
    pool.use(async (session) => {
      const results: Promise<unknown>[] = []
      let mayBeCommitted = false
      const send = <R>(query: Promise<R>): Promise<R> => {
        query.catch(() => {})
        results.push(query)
        return query
      }
      try {
        void send(session.execute(BEGIN))
        void send(session.rows(LIMITS))
        const result = await body(session, createRowIds(session), results)
        const command = await send(session.execute('COMMIT')).catch(async (error: unknown) => {
          mayBeCommitted = isDisconnected(error)
          if (mayBeCommitted && (await wasCommitted())) return 'COMMIT'
          throw error
        })
        // After a failed statement, COMMIT rolls back and reports ROLLBACK.
        if (command !== 'COMMIT') throw storeUnavailable(new Error(`COMMIT resulted in ${command}`))
        return { result }
      } catch (lastError) {
        // The first error is the cause; later ones only say that the transaction has failed.
        const error = (await firstError(results)) ?? lastError
        if (mayBeCommitted && isDisconnected(error)) throw storeUnavailable(error, { mayBeCommitted })
        if (codeOf(error) === undefined || isDisconnected(error)) throw error
        await session.execute('ROLLBACK')
        return { error }
      }
    })

  const persist = <T>(...args: Parameters<typeof attempt<T>>): Promise<T> =>
    retryConflicts(...args).catch((error: unknown) => {
      throw storeError(error)
    })

  const retryConflicts = async <T>(...args: Parameters<typeof attempt<T>>): Promise<T> => {
    const startedAt = performance.now()
    for (let count = 1; ; count += 1) {
      const outcome = await attempt(...args)
      if ('result' in outcome) return outcome.result
      const isOver = count === MAX_ATTEMPTS || performance.now() - startedAt > RETRY_FOR_MS
      if (isOver || !isConflict(outcome.error)) throw outcome.error
      if (isPartitionMissing(outcome.error)) await addPartitions(pool)
      await pause(Math.random() * RETRY_PAUSE_MS * 2 ** count)
    }
  }

  /**
   * Whether the transaction that inserts the row with this id was committed: each id has its own random bits, so only that
   * transaction inserts such a row. The row may be visible before a synchronous standby has it. So the search commits, too, and its
   * COMMIT waits for the standby: a standby that has the later commit also has the earlier one. Resolves with false if the search
   * finds no row in time.
   */
  const isCommitted = async (id: string): Promise<boolean> => {
    const delivery = parseId('dlv', id)
    const row = delivery ?? parseId('sub', id)
    const find = delivery === undefined ? FIND_ROW.sub : FIND_ROW.dlv
    for (const startedAt = performance.now(); performance.now() - startedAt < SEARCH_MS; ) {
      const isFound = await pool
        .use(async (session) => {
          await session.execute(BEGIN)
          await session.rows(LIMITS)
          const found = await session.rows(find, [row?.number, row?.check])
          return (await session.execute('COMMIT')) === 'COMMIT' && found.length > 0
        })
        .catch(() => false)
      if (isFound) return true
      await pause(SEARCH_EVERY_MS)
    }
    return false
  }

  return {
    rejection() {
      const fault = pool.fault()
      return fault === undefined ? undefined : storeError(fault)
    },
    async transact(makeBatch) {
      let inserted: string | undefined
      const body = async (session: Session, ids: RowIds, results: Promise<unknown>[]) => {
        const write = createWriteRows(session, { results, processId })
        return perform(makeBatch(ids), async (query) => {
          if (query.kind === 'load')
            return void (await Promise.all([
              ids.fetch(query.idsNeeded),
              loadRows(session, query.keys, query.into),
            ]))
          inserted = findInserted(query.changes)
          await runAsync(write(query.changes))
        })
      }
      return { result: await persist(body, async () => inserted !== undefined && isCommitted(inserted)) }
    },
    write: async (work) => ({ result: await persist(work, async () => false) }),
  }
}

async function perform<T>(
  batch: Generator<BatchQuery, T, void>,
  execute: (query: BatchQuery) => Promise<void>,
): Promise<T> {
  for (;;) {
    const { done, value } = batch.next()
    if (done === true) return value
    await execute(value)
  }
}

async function firstError(results: readonly Promise<unknown>[]): Promise<unknown> {
  for (const result of await Promise.allSettled(results))
    if (result.status === 'rejected') return result.reason
  return undefined
}

/**
 * The id of a delivery or submission that the batch inserts, by which a lost commit can be searched for; undefined if it inserts
 * neither.
 */
function findInserted({ rows }: BatchChanges): string | undefined {
  const isNew = ({ before }: { before: unknown }) => before === undefined
  return rows.deliveries.find(isNew)?.after?.deliveryId ?? rows.submissions.find(isNew)?.after?.submissionId
}

const NEXT_NUMBERS = prepared(
  `SELECT 'sub', nextval('submission_numbers') FROM generate_series(1, ?::int)
    UNION ALL SELECT 'run', nextval('run_numbers') FROM generate_series(1, ?::int)
    UNION ALL SELECT 'dlv', nextval('delivery_numbers') FROM generate_series(1, ?::int)`,
)

function createRowIds(session: Session): RowIds {
  const numbers: { [kind in IdKind]: number[] } = { sub: [], run: [], dlv: [] }
  const next = (kind: IdKind): number => {
    const number = numbers[kind].shift()
    if (number === undefined) throw new OutOfIdsError(kind)
    return number
  }
  return {
    ...createNewIds(next),
    async fetch({ sub = 0, run = 0, dlv = 0 }) {
      if (sub + run + dlv === 0) return
      for (const [kind, number] of await session.rows<[IdKind, number]>(NEXT_NUMBERS, [sub, run, dlv]))
        numbers[kind].push(number)
    },
  }
}
