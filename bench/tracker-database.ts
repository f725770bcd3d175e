// The tracker's database: filling it before a measurement, and looking into it afterwards. Only this file knows its tables.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { v7 } from 'uuid'
import type { Run } from '#src/domain/run'
import { openConnection } from '#src/store/sqlite/connection'
import { migrateSqlite, openSqliteStore } from '#src/store/sqlite/open-sqlite-store'
import { prepareStatements } from '#src/store/sqlite/statements'
import { createTallies, type Tallies } from '#src/store/sqlite/tallies'
import {
  createRandom,
  DAY_MS,
  inventExtensions,
  inventFileName,
  inventRun,
  type Random,
} from './invented-runs.ts'
import { syncFile } from './machine.ts'
import type { Bench } from './rounds.ts'

export type PendingSubmission = { submissionId: string; fileId: string }

const CREATED_TOGETHER = 5_000
const OVERDUE_AFTER_MS = 600_000

/** What ImageKit's response to an upload changes, as the store writes it. */
const ACCEPT = `
  UPDATE submissions SET state = 'accepted', request_id = submission_id, baseline = '{"aiTags":{}}',
    answered_at = created_at + 700, updated_at = created_at + 700 WHERE state = 'submitting';
  UPDATE runs SET source = 'response', updated_at = requested_at + 700 WHERE source = 'request'`

/**
 * Adds accepted submissions with `runs` pending runs together, and resolves with them in upload order. `firstFile` is the number
 * of the first file, for a database that has files of the bench already.
 */
export async function addPending(
  path: string,
  { runs, extensions, firstFile = 0 }: { runs: number; extensions: readonly string[]; firstFile?: number },
): Promise<PendingSubmission[]> {
  const count = Math.ceil(runs / extensions.length)
  const submissions: PendingSubmission[] = []
  const store = openSqliteStore({ path })
  try {
    for (let from = 0; from < count; from += CREATED_TOGETHER) {
      const at = Date.now()
      const created = Array.from({ length: Math.min(CREATED_TOGETHER, count - from) }, async (_, each) => {
        const index = (firstFile + from + each).toString(16).padStart(12, '0')
        const submissionId = `0197f3c2-5a00-7000-8000-${index}`
        const fileId = `68656c6c6f00${index}`
        await store.createSubmission({
          submissionId,
          kind: 'upload',
          fileId,
          fileName: `IMG_${index}.jpg`,
          extensions: extensions.map((name) => ({ name })),
          callerWebhookUrl: null,
          keyName: 'default',
          setsDescription: false,
          at,
          attempt: 1,
          dueAt: at + OVERDUE_AFTER_MS,
        })
        return { submissionId, fileId }
      })
      submissions.push(...(await Promise.all(created)))
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
  // Beside the submissions of the bench there may be millions of others.
  const stored = connection
    .prepare<(string | undefined)[], StoredDelivery>(
      `SELECT submission_id AS submissionId, service AS extension FROM submissions
         JOIN deliveries ON deliveries.submission_seq = submissions.seq
         JOIN delivery_bodies ON delivery_bodies.delivery_seq = deliveries.seq
         JOIN runs ON runs.submission_seq = submissions.seq AND runs.name = service AND runs.status = final_status
       WHERE outcome = 'applied' AND submission_id BETWEEN ? AND ?`,
    )
    .all(submissions[0]?.submissionId, submissions.at(-1)?.submissionId)
  connection.close()
  return stored
}

export function copyDatabase(from: string, to: string): void {
  copyFileSync(from, to)
  makeCurrent(to)
}

/** Makes no run overdue for now, and writes the whole file to disk, so that none of it is written during a measurement. */
function makeCurrent(path: string): void {
  const connection = new Database(path)
  connection.prepare("UPDATE runs SET due_at = ? WHERE status = 'pending'").run(Date.now() + OVERDUE_AFTER_MS)
  connection.pragma('wal_checkpoint(TRUNCATE)')
  connection.close()
  syncFile(path)
}

export async function pruneAllBodies(path: string): Promise<void> {
  const store = openSqliteStore({ path })
  let after: number | null = null
  do after = (await store.pruneBodies(Date.now() + 1_000, 200, after)).next
  while (after !== null)
  await store.close()
}

/** In bytes: the file, its pages in use, and those of each table and index. */
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

/** Things in a seeded database, spread over its whole age. */
export type Sample = {
  runId: string
  submissionId: string
  fileId: string
  fileName: string
  deliveryId: string
  /** Where a page of each list starts behind this run. */
  runsCursor: string
  deliveriesCursor: string
}

export function pickSamples(path: string, count: number): Sample[] {
  const connection = new Database(path, { readonly: true })
  const random = createRandom(7)
  const most = Number(connection.prepare('SELECT max(seq) FROM runs').pluck().get())
  const find = connection.prepare<[number, number], Omit<Sample, 'runsCursor' | 'deliveriesCursor'>>(
    `SELECT run_id AS runId, submission_id AS submissionId, submissions.file_id AS fileId, file_name AS fileName,
       (SELECT delivery_id FROM deliveries WHERE seq = ?) AS deliveryId
     FROM runs JOIN submissions ON submissions.seq = submission_seq WHERE runs.seq = ?`,
  )
  const samples = Array.from({ length: count }, () => {
    const seq = 1 + Math.floor(random() * most)
    const found = find.get(seq * DELIVERIES_EACH - 1, seq)
    if (found === undefined) throw new Error(`there is no run ${seq}`)
    const deliveriesCursor = cursorOf({ kept: seq * DELIVERIES_EACH, refused: null })
    return { ...found, runsCursor: cursorOf(seq), deliveriesCursor }
  })
  connection.close()
  return samples
}

function cursorOf(place: unknown): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

/** Random assets, in random order. */
export function pickFileIds(path: string, count: number): string[] {
  const connection = new Database(path, { readonly: true })
  const fileIds = connection
    .prepare<[number], string>('SELECT file_id FROM submissions ORDER BY random() LIMIT ?')
    .pluck()
    .all(count)
  connection.close()
  return fileIds
}

export type RunRow = {
  run_id: string
  name: string
  status: string
  source: string
  attempt: number
  submission_id: string
  requested_at: number
  settled_at: number | null
  error: string | null
  updated_at: number
}

/** A prepared read of an asset's runs, for the peer that reads statuses. */
export function openStatusReader(path: string): (fileId: string) => RunRow[] {
  const connection = new Database(path, { readonly: true })
  connection.pragma('cache_size = -32768')
  const find = connection.prepare<[string], RunRow>(`
    SELECT run_id, name, status, source, attempt, submission_id, requested_at, settled_at, runs.error, runs.updated_at
    FROM submissions JOIN runs ON runs.submission_seq = submissions.seq WHERE submissions.file_id = ?`)
  return (fileId) => find.all(fileId)
}

const LARGE = 100_000
const growing = new Map<number, GrowingDatabase>()

/** A seeded database to which pending runs are added for each measurement. */
export type GrowingDatabase = {
  /** The database as it was before. */
  seeded: string
  folder: string
  addPending: (runs: number, extensions: readonly string[]) => Promise<PendingSubmission[]>
}

/** A large one exists once for all parts; a small one is copied each time, so that it stays small. */
export function growingDatabase(bench: Bench, size: number): GrowingDatabase {
  const present = growing.get(size)
  if (present !== undefined) return present
  const seeded = seededDatabase(bench, size)
  const folder = join(bench.folder, `growing-${size}`)
  const path = join(folder, 'tracker.db')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  copyFileSync(seeded, path)
  let firstFile = 0
  const made: GrowingDatabase = {
    seeded,
    folder,
    async addPending(runs, extensions) {
      if (size < LARGE) copyFileSync(seeded, path)
      const submissions = await addPending(path, { runs, extensions, firstFile })
      firstFile += submissions.length
      makeCurrent(path)
      return submissions
    },
  }
  growing.set(size, made)
  return made
}

const DELIVERIES_EACH = 3

/** `deliveriesEach`: how many deliveries each run has. `mostRunsEach`: how many runs a submission has at most. */
type Shape = { name?: string; deliveriesEach?: number; mostRunsEach?: number }

/** A database with `runs` invented runs. If the folder has it already, it is reused. */
export function seededDatabase(
  { folder, log }: Pick<Bench, 'folder' | 'log'>,
  runs: number,
  { name = `seeded-${runs}.db`, deliveriesEach = DELIVERIES_EACH, mostRunsEach = 3 }: Shape = {},
): string {
  const path = join(folder, name)
  if (!existsSync(path)) {
    log(`making a database with ${runs.toLocaleString('en')} runs`)
    seed(path, runs, { deliveriesEach, mostRunsEach })
  }
  makeCurrent(path)
  return path
}

const SEEDED_TOGETHER = 5_000

/** Inserts rows as fast as SQLite allows. The store's own code counts them. */
function seed(path: string, runCount: number, shape: { deliveriesEach: number; mostRunsEach: number }): void {
  migrateSqlite(path)
  const connection = openConnection(path)
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', 'cache_size = -400000'])
    connection.pragma(pragma)
  const tallies = createTallies(prepareStatements(connection))
  const until = Date.now()
  const seeding = {
    ...shape,
    insert: prepareInserts(connection),
    tallies,
    random: createRandom(runCount),
    until,
  }
  let runs = 0
  while (runs < runCount) {
    connection.exec('BEGIN')
    const end = Math.min(runs + SEEDED_TOGETHER, runCount)
    while (runs < end) {
      const share = runs / runCount
      const at = Math.round(until - (1 - share) * 90 * DAY_MS + seeding.random() * 60_000 - 60_000)
      runs += seedSubmission(seeding, { index: runs, at, mostRuns: end - runs })
    }
    tallies.write()
    connection.exec('COMMIT')
    tallies.end(true)
  }
  connection.pragma('journal_mode = WAL')
  connection.close()
}

type Seeding = {
  insert: Inserts
  tallies: Tallies
  random: Random
  until: number
  deliveriesEach: number
  mostRunsEach: number
}

/** Returns how many runs it has. */
function seedSubmission(
  { insert, tallies, random, until, deliveriesEach, mostRunsEach }: Seeding,
  { index, at, mostRuns }: { index: number; at: number; mostRuns: number },
): number {
  const submissionId = v7({ msecs: at })
  const fileId = createHash('sha256').update(`file ${index}`).digest('hex').slice(0, 24)
  const names = inventExtensions(random, mostRunsEach).slice(0, mostRuns)
  const extensions = JSON.stringify(names.map((name) => ({ name })))
  const submission = { submissionId, fileId, fileName: inventFileName(random, index), extensions, at }
  const submissionSeq = insert.submission.run(submission).lastInsertRowid
  for (const name of names) {
    const run = inventRun(random, { submissionId, name, at, isNew: at > until - DAY_MS })
    const runSeq = insert.run.run({
      ...run,
      submissionSeq,
      error: run.error && JSON.stringify(run.error),
      evidence: run.evidence && JSON.stringify(run.evidence),
      contradicted: 0,
      groupId: tallies.change(undefined, run),
    }).lastInsertRowid
    tallies.place(Number(runSeq), at)
    insert.current.run(fileId, name, runSeq)
    seedDeliveries(insert, run, { submissionSeq, fileId, at, count: deliveriesEach })
  }
  return names.length
}

/** Of a final run its webhook, sent twice, and events about its file; of any other run only events. */
function seedDeliveries(
  insert: Inserts,
  run: Run,
  {
    submissionSeq,
    fileId,
    at,
    count,
  }: { submissionSeq: number | bigint; fileId: string; at: number; count: number },
): void {
  const headers = '{"content-type":"application/json","user-agent":"ImageKit"}'
  for (let each = 0; each < count; each += 1) {
    const isWebhook = run.settledAt !== null && each < 2
    const receivedAt = (run.settledAt ?? at) + each * 20
    const { name: service, status, error } = run
    const { lastInsertRowid } = insert.delivery.run({
      deliveryId: v7({ msecs: at }),
      route: isWebhook ? 'extension' : 'account',
      receivedAt,
      outcome: isWebhook ? (each === 0 ? 'applied' : 'duplicate') : 'ignored',
      submissionSeq: isWebhook ? submissionSeq : null,
      fileId,
      service: isWebhook ? service : null,
      finalStatus: isWebhook ? status : null,
      eventId: isWebhook ? null : `${run.runId} ${each}`,
    })
    const body = JSON.stringify({ service, status, fileId, error, at: receivedAt })
    insert.body.run(lastInsertRowid, headers, Buffer.from(body))
  }
}

type Inserts = ReturnType<typeof prepareInserts>

function prepareInserts(connection: Database.Database) {
  return {
    submission: connection.prepare(
      `INSERT INTO submissions (submission_id, kind, state, file_id, file_name, extensions, key_name, request_id, baseline,
         sets_description, created_at, answered_at, updated_at)
       VALUES (@submissionId, 'upload', 'accepted', @fileId, @fileName, @extensions, 'default', @submissionId, '{"aiTags":{}}',
         0, @at, @at + 700, @at + 700)`,
    ),
    run: connection.prepare(
      `INSERT INTO runs (run_id, submission_seq, name, status, source, attempt, requested_at, settled_at, updated_at, due_at,
         error, evidence, contradicted, acknowledged_at, group_id)
       VALUES (@runId, @submissionSeq, @name, @status, @source, @attempt, @requestedAt, @settledAt, @updatedAt,
         @requestedAt + 600000, @error, @evidence, @contradicted, @acknowledgedAt, @groupId)`,
    ),
    current: connection.prepare('INSERT INTO current_runs (file_id, name, run_seq) VALUES (?, ?, ?)'),
    delivery: connection.prepare(
      `INSERT INTO deliveries (delivery_id, route, received_at, outcome, signature, submission_seq, file_id, service,
         final_status, event_id)
       VALUES (@deliveryId, @route, @receivedAt, @outcome, 'absent', @submissionSeq, @fileId, @service, @finalStatus, @eventId)`,
    ),
    body: connection.prepare('INSERT INTO delivery_bodies (delivery_seq, headers, body) VALUES (?, ?, ?)'),
  }
}
