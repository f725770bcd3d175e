import { randomInt } from 'node:crypto'
import type { AssetFacts } from '../../domain/asset.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { Read } from '../batch-reads.ts'
import { createStore, type Database } from '../create-store.ts'
import { CURRENT_RUNS, UPDATED_AT } from '../sql/asset-reads.ts'
import { createDatabaseRows, type DatabaseRows } from '../sql/database-rows.ts'
import { type RunCells, toRun } from '../sql/rows.ts'
import type { StoreHandle } from '../store.ts'
import { runAsync } from '../transaction-work.ts'
import type { WriteQueueOptions } from '../write-queue.ts'
import { createChangeFeed } from './change-feed.ts'
import { createLoadRows } from './load-rows.ts'
import { dropPartitions } from './partitions.ts'
import { createPool, type Pool, type Session } from './pool.ts'
import { lateral, prepared } from './prepared.ts'
import { createReads } from './reads.ts'
import { createStatements } from './statements.ts'
import { storeError } from './store-error.ts'
import { createTransactions } from './transactions.ts'

const LISTENING_CONNECTIONS = 1
/** One for rejected deliveries, and one to notify other processes while the listening connection can't. */
const EXTRA_WRITING_CONNECTIONS = 2

/** The maximum number of steps of a batch. Batches overlap here, so small ones lose no time, and hold their locks only briefly. */
const MAX_BATCH = 200

/** Creates the store on a migrated database, which other processes may also use. `processId` is random by default. */
export function createPostgresStore({
  url,
  listenUrl,
  connections,
  processId = randomInt(1, 2 ** 47),
  ...queueOptions
}: WriteQueueOptions & {
  url: string
  listenUrl: string
  connections: number
  processId?: number | undefined
}): StoreHandle {
  // Reads and writes have separate connections, so that neither waits for the other.
  const shared = connections - LISTENING_CONNECTIONS - EXTRA_WRITING_CONNECTIONS
  const maxTransactions = Math.floor(shared / 2)
  const writing = createPool(url, maxTransactions + EXTRA_WRITING_CONNECTIONS)
  const maxReads = shared - maxTransactions
  const reading = createPool(url, maxReads)
  const feed = createChangeFeed(listenUrl, writing)
  const database = createDatabase({ reading, writing, directUrl: listenUrl, processId, maxReads })
  const { close, ...store } = createStore(database, {
    maxTransactions,
    maxBatch: MAX_BATCH,
    ...queueOptions,
  })
  store.watchCommits(feed.notify)
  let closed: Promise<void> | undefined
  const closeAll = async () => {
    await close()
    await feed.close()
    await Promise.all([reading.close(), writing.close()])
  }
  return {
    ...store,
    isShared: true,
    readServerTime: () => readServerTime(reading),
    watchOtherCommits: feed.watch,
    findFeedFault: async () => feed.fault(),
    findFault: async () => undefined,
    async backUp() {
      throw new TrackerError('backup_unsupported', 'The database is PostgreSQL: use pg_dump.')
    },
    close() {
      closed ??= closeAll()
      return closed
    },
  }
}

function createDatabase(deps: {
  reading: Pool
  writing: Pool
  directUrl: string
  processId: number
  maxReads: number
}): Database {
  const { reading, writing, directUrl, processId, maxReads } = deps
  const rowsOf = createRowsOf(processId)
  const transactions = createTransactions({ pool: writing, loadRows: createLoadRows(processId), processId })
  const { read, readStatus } = createReads(reading)
  return {
    transact: transactions.transact,
    rejection: transactions.rejection,
    inTransaction: (work) => transactions.write((session) => runAsync(work(rowsOf(session)))),
    read: (work) => read((session) => runAsync(work(rowsOf(session)))),
    readAssets: (fileIds) => readStatus((session) => readAssets(session, fileIds)),
    maxReads,
    async keepRejected(rejected) {
      const { result } = await transactions.write(async (session, ids) => {
        await ids.fetch({ dlv: rejected.length })
        return runAsync(rowsOf(session).rejected.keep(ids, rejected))
      })
      return result
    },
    dropBodies: (receivedBefore) => dropPartitions({ pool: writing, directUrl }, receivedBefore),
    // The operator of the server decides how long its write-ahead log is kept.
    emptyLog: async () => {},
    close: async () => {},
  }
}

/** Creates the `DatabaseRows` of each connection only once, because creating them prepares many statements. */
function createRowsOf(processId: number): (session: Session) => DatabaseRows {
  const known = new WeakMap<Session, DatabaseRows>()
  return (session) => {
    const rows = known.get(session) ?? createDatabaseRows(createStatements(session), processId)
    known.set(session, rows)
    return rows
  }
}

const FIND_ASSETS = prepared(
  `SELECT asked.place, newest.updated_at, current.* FROM unnest(?::int[], ?::text[]) AS asked(place, p1)
    CROSS JOIN LATERAL (${lateral(UPDATED_AT)}) newest LEFT JOIN LATERAL (${lateral(CURRENT_RUNS)}) current ON true`,
)

type AssetCells = [place: number, recordedAt: number, ...(RunCells | null[])]

const NOW = prepared('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint')

async function readServerTime(pool: Pool): Promise<number> {
  const [[now] = []] = await pool
    .use((session) => session.rows<[number]>(NOW))
    .catch((error: unknown) => {
      throw storeError(error)
    })
  if (now === undefined) throw new Error('the server did not return the time')
  return now
}

/** One statement, so that all runs are from the same moment. */
async function readAssets(
  session: Session,
  fileIds: readonly string[],
): Promise<Read<AssetFacts | undefined>[]> {
  const found = new Map<number, AssetFacts>()
  for (const [place, recordedAt, ...run] of await session.rows<AssetCells>(FIND_ASSETS, [
    [...fileIds.keys()],
    fileIds,
  ])) {
    const fileId = fileIds[place] ?? ''
    const asset = found.get(place) ?? { fileId, recordedAt, runs: [] }
    found.set(place, hasRun(run) ? { ...asset, runs: [...asset.runs, toRun(run)] } : asset)
  }
  return fileIds.map((_, place) => ({ found: found.get(place) }))
}

function hasRun(run: RunCells | null[]): run is RunCells {
  return run[0] !== null
}
