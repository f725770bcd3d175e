// The tracker's SQLite database: fills it before a measurement and reads it afterwards. In the bench, only this file and
// `peer-databases.ts` contain SQL for its tables.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { DeliveryRow, RunRow, SubmissionDetails, SubmissionRow } from '#src/domain/decide/rows'
import { formatId, numberOf } from '#src/domain/ids'
import { statDelta } from '#src/domain/stat-counters'
import { foldCounters } from '#src/store/fold-counters'
import { OUTCOME, SOURCE, STATE, STATUS, textOf } from '#src/store/sql/codes'
import { createStats } from '#src/store/sql/stats'
import { openConnection } from '#src/store/sqlite/connection'
import { migrateSqlite, openSqliteStore } from '#src/store/sqlite/open-sqlite-store'
import { createRowIds, type RowIds } from '#src/store/sqlite/row-ids'
import { createStatements } from '#src/store/sqlite/statements'
import { createWriteRows } from '#src/store/sqlite/write-rows'
import { runSync } from '#src/store/transaction-work'
import {
  createRandom,
  DAY_MS,
  generateExtensions,
  generateFileName,
  generateRun,
  type Random,
} from './generated-runs.ts'
import { syncFile } from './machine.ts'
import type { Bench } from './rounds.ts'

export type PendingSubmission = { submissionId: string; fileId: string }

const CREATE_BATCH = 5_000
const FINAL_STATUSES = `${STATUS.to.success}, ${STATUS.to.failed}`

/** The changes that the store writes after ImageKit's response to an upload, here 700 ms after the request. */
const ACCEPT = `
  UPDATE submissions SET state = ${STATE.to.accepted}, owner = NULL, request_id = 'request ' || n, baseline = '{"aiTags":{}}',
    responded_at = created_at + 700, updated_at = created_at + 700 WHERE state = ${STATE.to.submitting};
  UPDATE runs SET source = ${SOURCE.to.response}, updated_at = requested_at + 700,
    bound_to = (SELECT file_id FROM submissions WHERE submissions.n = runs.submission) WHERE source = ${SOURCE.to.request}`

/**
 * Adds accepted submissions with at least `runs` pending runs in total, and resolves with them in upload order. `firstFile` is the number
 * of the first file, for a database that already has files of the bench.
 */
export async function addPending(
  path: string,
  { runs, extensions, firstFile = 0 }: { runs: number; extensions: readonly string[]; firstFile?: number },
): Promise<PendingSubmission[]> {
  const count = Math.ceil(runs / extensions.length)
  const submissions: PendingSubmission[] = []
  const store = openSqliteStore({ path })
  try {
    for (let from = 0; from < count; from += CREATE_BATCH) {
      const at = Date.now()
      const results = Array.from({ length: Math.min(CREATE_BATCH, count - from) }, async (_, offset) => {
        const index = (firstFile + from + offset).toString(16).padStart(12, '0')
        // 24 hexadecimal digits, like ImageKit's ids.
        const fileId = `68656c6c6f00${index}`
        const { submissionId } = await store.createSubmission({
          kind: 'upload',
          fileId,
          fileName: `IMG_${index}.jpg`,
          extensions: extensions.map((name) => ({ name })),
          callerWebhookUrl: null,
          keyName: 'default',
          setsDescription: false,
          at,
          attempt: 1,
        })
        return { submissionId, fileId }
      })
      submissions.push(...(await Promise.all(results)))
    }
  } finally {
    await store.close()
  }
  const connection = new Database(path)
  connection.exec(ACCEPT)
  connection.close()
  return submissions
}

export type StoredDelivery = { submissionId: string; extension: string }

/** The deliveries for these submissions that are stored together with their body and their effect on the run. */
export function findStoredDeliveries(
  path: string,
  submissions: readonly PendingSubmission[],
): StoredDelivery[] {
  const connection = new Database(path, { readonly: true })
  // The range is needed because the database may have millions of other submissions.
  const [first, last] = [submissions[0], submissions.at(-1)].map((one) => numberOf(one?.submissionId ?? ''))
  const rows = connection
    .prepare<unknown[], { n: number; chk: string; extension: string }>(
      `SELECT s.n, s.chk, r.name AS extension FROM submissions s JOIN runs r ON r.submission = s.n
         JOIN deliveries d ON d.n = r.settled_by AND d.run = r.n JOIN delivery_bodies b ON b.n = d.n
       WHERE s.n BETWEEN ? AND ? AND r.status IN (${FINAL_STATUSES}) AND d.outcome = ${OUTCOME.to.applied}`,
    )
    .all(first, last)
  connection.close()
  return rows.map(({ n, chk, extension }) => ({ submissionId: formatId('sub', n, chk), extension }))
}

export function copyDatabase(from: string, to: string): void {
  copyFileSync(from, to)
  prepareFile(to)
}

/**
 * Prepares a file for a measurement: moves all due times to tomorrow, so that the reconciler has nothing to do, and syncs the whole
 * file, so that the system doesn't write it meanwhile.
 */
function prepareFile(path: string): void {
  const connection = new Database(path)
  connection.prepare('UPDATE runs SET due_at = ? WHERE due_at IS NOT NULL').run(Date.now() + DAY_MS)
  connection.pragma('wal_checkpoint(TRUNCATE)')
  connection.close()
  syncFile(path)
}

/** Deletes the bodies of all deliveries, as the service does after `RETENTION`. */
export async function pruneAllBodies(path: string): Promise<void> {
  const store = openSqliteStore({ path })
  const lease = await store.acquireLease(Date.now(), DAY_MS)
  if (lease === null) throw new Error('another process has the lease')
  let after: number | null = null
  do after = (await store.pruneBodies(lease, Date.now() + 1_000, 200, after))?.next ?? null
  while (after !== null)
  await store.close()
}

/** The bytes of the file, of its pages in use, and of each table and index. */
export type Sizes = { file: number; used: number; byName: { [name: string]: number } }

export function readSizes(path: string): Sizes {
  const connection = new Database(path, { readonly: true })
  const pragma = (name: string) => Number(connection.pragma(name, { simple: true }))
  const [size, pages, free] = [pragma('page_size'), pragma('page_count'), pragma('freelist_count')]
  const rows = connection
    .prepare<[], { name: string; bytes: number }>(
      'SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name',
    )
    .all()
  connection.close()
  const byName = Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]))
  return { file: size * pages, used: size * (pages - free), byName }
}

/** Ids and cursors for requests about a random run of a seeded database, and about its second delivery. */
export type Sample = {
  runId: string
  submissionId: string
  fileId: string
  fileName: string
  deliveryId: string
  /** The cursor of the page of runs that follows this run. */
  runsCursor: string
  /** The cursor of the page of deliveries that follows this delivery. */
  deliveriesCursor: string
}

export function pickSamples(path: string, count: number): Sample[] {
  const connection = new Database(path, { readonly: true })
  const random = createRandom(7)
  const maxNumber = Number(connection.prepare('SELECT max(n) FROM runs').pluck().get())
  const find = connection.prepare<
    [number, number],
    {
      chk: string
      submission: number
      submissionCheck: string
      fileId: string
      fileName: string
      deliveryCheck: string
    }
  >(
    `SELECT r.chk, s.n AS submission, s.chk AS submissionCheck, s.file_id AS fileId, s.file_name AS fileName,
       (SELECT chk FROM deliveries WHERE n = ?) AS deliveryCheck
     FROM runs r JOIN submissions s ON s.n = r.submission WHERE r.n = ?`,
  )
  const samples = Array.from({ length: count }, () => {
    const n = 1 + Math.floor(random() * maxNumber)
    // The number of the run's second delivery.
    const delivery = n * DELIVERIES_PER_RUN - 1
    const row = find.get(delivery, n)
    if (row === undefined) throw new Error(`run ${n} does not exist`)
    const { chk, submission, submissionCheck, fileId, fileName, deliveryCheck } = row
    return {
      runId: formatId('run', n, chk),
      submissionId: formatId('sub', submission, submissionCheck),
      fileId,
      fileName,
      deliveryId: formatId('dlv', delivery, deliveryCheck),
      runsCursor: cursorAfter(n),
      deliveriesCursor: cursorAfter(delivery),
    }
  })
  connection.close()
  return samples
}

function cursorAfter(rowNumber: number): string {
  return Buffer.from(JSON.stringify(rowNumber)).toString('base64url')
}

/** The file ids of random assets, in random order. */
export function pickFileIds(path: string, count: number): string[] {
  const connection = new Database(path, { readonly: true })
  const fileIds = connection
    .prepare<[number], string>('SELECT file_id FROM submissions ORDER BY random() LIMIT ?')
    .pluck()
    .all(count)
  connection.close()
  return fileIds
}

/** A run as the server `express-status` reads it. */
export type StatusRun = {
  runId: string
  name: string
  status: string
  source: string
  attempt: number
  submissionId: string
  requestedAt: number
  settledAt: number | null
  error: string | null
  updatedAt: number
}

/** Reads the runs of an asset with a prepared statement, for the server `express-status`. */
export function openStatusReader(path: string): (fileId: string) => StatusRun[] {
  const connection = new Database(path, { readonly: true })
  // As large as the tracker's.
  connection.pragma('cache_size = -32768')
  const find = connection.prepare<
    [string],
    Omit<StatusRun, 'status' | 'source'> & { status: number; source: number }
  >(`
    SELECT 'run_' || r.n || '_' || r.chk AS runId, name, status, source, attempt, 'sub_' || s.n || '_' || s.chk AS submissionId,
      requested_at AS requestedAt, iif(status IN (${FINAL_STATUSES}), settled_at, NULL) AS settledAt, r.error, r.updated_at AS updatedAt
    FROM submissions s JOIN runs r ON r.submission = s.n WHERE s.file_id = ?`)
  return (fileId) =>
    find.all(fileId).map((run) => ({
      ...run,
      status: textOf(STATUS, run.status),
      source: textOf(SOURCE, run.source),
    }))
}

/** A database with this many runs or more is large. */
const LARGE_RUN_COUNT = 100_000
const growingDatabases = new Map<number, GrowingDatabase>()

/** A seeded database to which pending runs are added for each measurement. */
export type GrowingDatabase = {
  /** The path of the database without these runs. */
  seeded: string
  /** Contains the copy to which the runs are added, as `tracker.db`. */
  folder: string
  addPending: (runs: number, extensions: readonly string[]) => Promise<PendingSubmission[]>
}

/** A large database keeps the runs that are added to it. A small one is copied anew for each measurement, so that it stays small. */
export function growingDatabase(bench: Bench, size: number): GrowingDatabase {
  const existing = growingDatabases.get(size)
  if (existing !== undefined) return existing
  const seeded = seededDatabase(bench, size)
  const folder = join(bench.folder, `growing-${size}`)
  const path = join(folder, 'tracker.db')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  copyFileSync(seeded, path)
  let firstFile = 0
  const database: GrowingDatabase = {
    seeded,
    folder,
    async addPending(runs, extensions) {
      if (size < LARGE_RUN_COUNT) copyFileSync(seeded, path)
      const submissions = await addPending(path, { runs, extensions, firstFile })
      firstFile += submissions.length
      prepareFile(path)
      return submissions
    },
  }
  growingDatabases.set(size, database)
  return database
}

const DELIVERIES_PER_RUN = 3

type Shape = { name?: string; deliveriesPerRun?: number; maxRunsPerSubmission?: number }

/** Creates a database with `runs` generated runs, unless the folder already has it. Returns its path. */
export function seededDatabase(
  { folder, log }: Pick<Bench, 'folder' | 'log'>,
  runs: number,
  { name = `seeded-${runs}.db`, deliveriesPerRun = DELIVERIES_PER_RUN, maxRunsPerSubmission = 3 }: Shape = {},
): string {
  const path = join(folder, name)
  if (!existsSync(path)) {
    log(`creating a database with ${runs.toLocaleString('en')} runs`)
    seed(path, runs, { deliveriesPerRun, maxRunsPerSubmission })
  }
  prepareFile(path)
  return path
}

const SEED_BATCH = 5_000
/** The process that wrote the rows; any number will do. */
const SEEDING_PROCESS = 1

/** Inserts rows without syncs, with the store's own code. Pending runs are marked as overdue. */
function seed(
  path: string,
  runCount: number,
  shape: { deliveriesPerRun: number; maxRunsPerSubmission: number },
): void {
  migrateSqlite(path)
  const connection = openConnection(path)
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', 'cache_size = -400000'])
    connection.pragma(pragma)
  const writeRows = createWriteRows(connection, SEEDING_PROCESS)
  const stats = createStats(createStatements(connection))
  const until = Date.now()
  const seeding = { ...shape, ids: createRowIds(connection), random: createRandom(runCount), until }
  let runs = 0
  while (runs < runCount) {
    const rows = createEmptyRows()
    const end = Math.min(runs + SEED_BATCH, runCount)
    while (runs < end) {
      const share = runs / runCount
      const at = Math.round(until - (1 - share) * 90 * DAY_MS + seeding.random() * 60_000 - 60_000)
      runs += seedSubmission(rows, seeding, { index: runs, at, maxRuns: end - runs })
    }
    connection.exec('BEGIN')
    writeRows({ rows, others: [], stats: statDelta(rows), fileIds: new Set(), submissionIds: new Set() })
    runSync(foldCounters(stats))
    connection.exec('COMMIT')
  }
  // The sweep has passed all runs.
  connection.prepare(`INSERT OR REPLACE INTO metadata (name, value) SELECT 'sweep', max(n) FROM runs`).run()
  connection.pragma('journal_mode = WAL')
  connection.close()
}

type Inserted<R> = { before: undefined; after: R }

function createEmptyRows() {
  return {
    submissions: [] as Inserted<SubmissionRow>[],
    details: [] as Inserted<SubmissionDetails>[],
    runs: [] as Inserted<RunRow>[],
    deliveries: [] as Inserted<DeliveryRow>[],
    bodies: [],
    rejected: [],
    notifications: [],
    claims: [],
    retryItems: [],
    leases: [],
    signIns: [],
  }
}

type Rows = ReturnType<typeof createEmptyRows>

type Seeding = {
  ids: RowIds
  random: Random
  until: number
  deliveriesPerRun: number
  maxRunsPerSubmission: number
}

/** Adds a submission with its runs and their deliveries to `rows`. Returns the number of its runs. */
function seedSubmission(
  rows: Rows,
  { ids, random, until, deliveriesPerRun, maxRunsPerSubmission }: Seeding,
  { index, at, maxRuns }: { index: number; at: number; maxRuns: number },
): number {
  const submissionId = ids.submission()
  const fileId = createHash('sha256').update(`file ${index}`).digest('hex').slice(0, 24)
  const names = generateExtensions(random, maxRunsPerSubmission).slice(0, maxRuns)
  const submission: SubmissionRow = {
    submissionId,
    kind: 'upload',
    state: 'accepted',
    fileId,
    fileName: generateFileName(random, index),
    callerWebhookUrl: null,
    keyName: 'default',
    requestId: `request ${index}`,
    error: null,
    setsDescription: false,
    traceparent: null,
    createdAt: at,
    updatedAt: at + 700,
    respondedAt: at + 700,
  }
  rows.submissions.push({ before: undefined, after: submission })
  const details: SubmissionDetails = {
    submissionId,
    extensions: names.map((name) => ({ name })),
    baseline: BASELINE,
  }
  rows.details.push({ before: undefined, after: details })
  for (const name of names) {
    const run = generateRun(random, {
      runId: ids.run(submissionId),
      submissionId,
      name,
      at,
      isNew: at > until - DAY_MS,
    })
    const isPending = run.status === 'pending'
    const row: RunRow = {
      ...run,
      dueAt: isPending ? until + DAY_MS : null,
      isOverdue: isPending,
      isListed: true,
      settledBy: null,
      boundTo: fileId,
      notifiesCaller: false,
    }
    seedDeliveries(rows, ids, row, { fileId, count: deliveriesPerRun })
    rows.runs.push({ before: undefined, after: row })
  }
  return names.length
}

const BASELINE = {
  versionId: null,
  versionName: null,
  aiTags: {},
  description: null,
  tags: null,
  customMetadata: null,
  updatedAt: null,
  url: null,
}

/**
 * Adds `count` deliveries to `rows`. Those of a final run are the webhook that settled it, a repeat of that webhook, and account
 * webhooks about its file; those of any other run are only account webhooks. Sets the `settledBy` of a final run if `count` is not 0.
 */
function seedDeliveries(
  { deliveries }: Rows,
  ids: RowIds,
  run: RunRow,
  { fileId, count }: { fileId: string; count: number },
): void {
  const headers = { 'content-type': 'application/json', 'user-agent': 'ImageKit' }
  for (let index = 0; index < count; index += 1) {
    const isExtensionWebhook = run.settledAt !== null && index < 2
    const deliveryId = ids.delivery()
    const receivedAt = (run.settledAt ?? run.requestedAt) + index * 20
    const { runId, submissionId, name: service, status, error } = run
    if (isExtensionWebhook && index === 0) run.settledBy = numberOf(deliveryId)
    const delivery: DeliveryRow = {
      deliveryId,
      route: isExtensionWebhook ? 'extension' : 'account',
      receivedAt,
      outcome: isExtensionWebhook ? (index === 0 ? 'applied' : 'duplicate') : 'ignored',
      cause: null,
      signature: 'absent',
      submissionId: isExtensionWebhook ? submissionId : null,
      runId: isExtensionWebhook ? runId : null,
      fileId,
      service: isExtensionWebhook ? service : null,
      finalStatus: isExtensionWebhook && (status === 'success' || status === 'failed') ? status : null,
      unclaimedError: null,
      eventId: isExtensionWebhook ? null : `${runId} ${index}`,
      unclaimedRequestId: null,
      uploadEnd: null,
      sent: {
        headers,
        body: Buffer.from(JSON.stringify({ service, status, fileId, error, at: receivedAt })),
      },
    }
    deliveries.push({ before: undefined, after: delivery })
  }
}
