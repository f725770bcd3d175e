// The databases of the servers that are compared with the tracker: written as safely as the tracker's own, in less code.
import { randomFillSync } from 'node:crypto'
import Database from 'better-sqlite3'
import { numberOf } from '#src/domain/ids'
import { openConnection } from '#src/store/sqlite/connection'
import { syncFile } from './machine.ts'
import type { PendingSubmission, StoredDelivery } from './tracker-database.ts'

/** What an extension webhook says. */
type Payload = {
  service: string
  status: 'SUCCESS' | 'FAILURE'
  fileId?: string
  fileObject?: { fileId: string }
  error?: { code: string; message: string }
}

export type RecordOne = (submissionId: string, body: Buffer, payload: Payload) => void

/** One transaction per request, into tables that are empty at first. */
export function openOneCommit(path: string): RecordOne {
  const connection = new Database(path)
  connection.pragma('journal_mode = WAL')
  connection.pragma('synchronous = FULL')
  connection.exec(`
    CREATE TABLE IF NOT EXISTS deliveries (
      delivery_id INTEGER PRIMARY KEY, submission_id TEXT NOT NULL, received_at INTEGER NOT NULL, body BLOB NOT NULL,
      service TEXT NOT NULL, status TEXT NOT NULL, UNIQUE (submission_id, service, status)
    );
    CREATE TABLE IF NOT EXISTS runs (
      submission_id TEXT NOT NULL, service TEXT NOT NULL, file_id TEXT NOT NULL, status TEXT NOT NULL,
      settled_at INTEGER NOT NULL, PRIMARY KEY (submission_id, service)
    );
  `)
  const insertDelivery = connection.prepare(
    'INSERT OR IGNORE INTO deliveries (submission_id, received_at, body, service, status) VALUES (?, ?, ?, ?, ?)',
  )
  const insertRun = connection.prepare('INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?)')
  return connection.transaction((submissionId, body, { service, status, fileId, fileObject }) => {
    const now = Date.now()
    insertDelivery.run(submissionId, now, body, service, status)
    insertRun.run(submissionId, service, fileId ?? fileObject?.fileId, status, now)
  })
}

export function findStoredByOneCommit(path: string): StoredDelivery[] {
  const connection = new Database(path, { readonly: true })
  const stored = connection
    .prepare<[], StoredDelivery>(
      `SELECT submission_id AS submissionId, service AS extension
       FROM deliveries JOIN runs USING (submission_id, service, status)`,
    )
    .all()
  connection.close()
  return stored
}

/** The tracker's tables for submissions, runs and deliveries, with their indexes. */
const GROUP_COMMIT_TABLES = `
  CREATE TABLE submissions (n INTEGER PRIMARY KEY, chk BLOB NOT NULL, version INT NOT NULL,
    kind INT, state INT, owner INT, file_id TEXT, file_name TEXT, request_id TEXT, caller_url TEXT,
    key_name TEXT, sets_description INT, created_at INT, responded_at INT, updated_at INT,
    error TEXT, extensions TEXT, baseline TEXT);
  CREATE INDEX submissions_file ON submissions(file_id, n) WHERE file_id IS NOT NULL;
  CREATE INDEX submissions_name ON submissions(file_name COLLATE NOCASE, n) WHERE file_name IS NOT NULL;
  CREATE INDEX submissions_request ON submissions(request_id) WHERE request_id IS NOT NULL AND baseline IS NULL;
  CREATE INDEX submissions_owner ON submissions(owner) WHERE owner IS NOT NULL;
  CREATE TABLE runs (n INTEGER PRIMARY KEY, chk BLOB NOT NULL, submission INT NOT NULL, name TEXT NOT NULL,
    requested_as TEXT, attempt INT, requested_at INT,
    status INT, source INT, settled_at INT, updated_at INT, settled_by INT,
    hidden INT, due_at INT, overdue INT, attention INT, cause TEXT, acknowledged_at INT, contradicted INT,
    error TEXT, evidence TEXT);
  CREATE UNIQUE INDEX runs_submission ON runs(submission, name);
  CREATE INDEX runs_name ON runs(name, n);
  CREATE INDEX runs_due ON runs(due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX runs_overdue ON runs(n) WHERE overdue = 1;
  CREATE INDEX runs_attention ON runs(attention, n, name, cause, acknowledged_at) WHERE attention IS NOT NULL;
  CREATE INDEX runs_acknowledged ON runs(n) WHERE acknowledged_at IS NOT NULL;
  CREATE INDEX runs_contradicted ON runs(n) WHERE contradicted = 1;
  CREATE TABLE deliveries (n INTEGER PRIMARY KEY, chk BLOB NOT NULL, route INT, received_at INT,
    signature INT, outcome INT, run INT, service TEXT, kept_on INT,
    exception INT, submission INT, cause TEXT, final_status INT, file_id TEXT,
    event_id TEXT, request_id TEXT, unclaimed TEXT);
  CREATE INDEX deliveries_exception ON deliveries(exception, n) WHERE exception IS NOT NULL;
  CREATE INDEX deliveries_submission ON deliveries(submission, n) WHERE submission IS NOT NULL;
  CREATE INDEX deliveries_file ON deliveries(file_id, n) WHERE file_id IS NOT NULL;
  CREATE UNIQUE INDEX deliveries_event ON deliveries(event_id) WHERE event_id IS NOT NULL;
  CREATE INDEX deliveries_request ON deliveries(request_id) WHERE request_id IS NOT NULL;
  CREATE TABLE delivery_bodies (n INTEGER PRIMARY KEY, headers TEXT, body BLOB);`

const [PENDING, SUCCESS, FAILED] = [0, 1, 2]
const [FROM_RESPONSE, FROM_WEBHOOK] = [1, 2]
/** Pending runs get numbers as wide as those that replace them, because a row that grows splits its page. */
const WIDE = 0x7f_ff_ff

/** A database in which the runs of these submissions are pending. */
export function createGroupCommitDatabase(
  path: string,
  { submissions, extensions }: { submissions: readonly PendingSubmission[]; extensions: readonly string[] },
): void {
  const connection = openConnection(path)
  connection.exec(GROUP_COMMIT_TABLES)
  const insertSubmission = connection.prepare(
    `INSERT INTO submissions (n, chk, version, kind, state, file_id, file_name, key_name, sets_description, created_at,
       responded_at, updated_at, extensions, baseline)
     VALUES (@n, @chk, 1, 0, 1, @fileId, @fileName, 'default', 0, @at, @at, @at, @requested, '{"aiTags":{}}')`,
  )
  const insertRun = connection.prepare(
    `INSERT INTO runs (chk, submission, name, attempt, requested_at, status, source, settled_at, updated_at, settled_by)
     VALUES (@chk, @submission, @name, 1, @at, ${PENDING}, ${FROM_RESPONSE}, @at, @at, ${WIDE})`,
  )
  const requested = JSON.stringify(extensions.map((name) => ({ name })))
  const at = Date.now()
  connection.exec('BEGIN')
  for (const { submissionId, fileId } of submissions) {
    const n = numberOf(submissionId)
    insertSubmission.run({ n, chk: randomBytes8(), fileId, fileName: `IMG_${n}.jpg`, at, requested })
    for (const name of extensions) insertRun.run({ chk: randomBytes8(), submission: n, name, at })
  }
  connection.exec('COMMIT')
  connection.pragma('wal_checkpoint(TRUNCATE)')
  connection.close()
  syncFile(path)
}

/** A delivery whose response waits for the commit. */
export type Waiting = {
  submissionId: string
  headers: string
  body: Buffer
  respond: (outcome: 'applied' | 'duplicate' | 'failed') => void
}

/** Everything that arrives in one turn of the event loop is one transaction. */
export function openGroupCommit(path: string): (delivery: Waiting) => void {
  const connection = openConnection(path)
  const where = `WHERE submission = ? AND name = ? AND status = ${PENDING} RETURNING n`
  // An index is only checked if one of its columns is set: a success sets none.
  const succeed = connection
    .prepare<unknown[], number>(
      `UPDATE runs SET status = ${SUCCESS}, source = ${FROM_WEBHOOK}, settled_at = ?, updated_at = ?, settled_by = ? ${where}`,
    )
    .pluck()
  const fail = connection
    .prepare<unknown[], number>(
      `UPDATE runs SET status = ${FAILED}, source = ${FROM_WEBHOOK}, settled_at = ?, updated_at = ?, settled_by = ?,
         attention = 1, cause = ?, error = ? ${where}`,
    )
    .pluck()
  const insertDelivery = connection.prepare(
    `INSERT INTO deliveries (n, chk, route, received_at, signature, outcome, run, service, exception)
     VALUES (?, ?, 0, ?, 0, ?, ?, ?, ?)`,
  )
  const insertBody = connection.prepare('INSERT INTO delivery_bodies VALUES (?, ?, ?)')
  let next = Number(connection.prepare('SELECT coalesce(max(n), 0) + 1 FROM deliveries').pluck().get())
  let batch: Waiting[] = []

  const settle = ({ submissionId, body }: Waiting, n: number, now: number) => {
    const { service, error }: Payload = JSON.parse(body.toString())
    const submission = numberOf(submissionId)
    const run =
      error === undefined
        ? succeed.get(now, now, n, submission, service)
        : fail.get(now, now, n, error.code, JSON.stringify(error), submission, service)
    return { service, run }
  }
  // One table after the other, so that its pages and its statement stay in the processor's cache.
  const write = connection.transaction((waiting: Waiting[]) => {
    const now = Date.now()
    const first = next
    next += waiting.length
    const settled = waiting.map((each, index) => settle(each, first + index, now))
    for (const [index, { service, run }] of settled.entries()) {
      const exception = run === undefined ? 1 : null
      insertDelivery.run(first + index, randomBytes8(), now, exception ?? 0, run, service, exception)
    }
    for (const [index, { headers, body }] of waiting.entries()) insertBody.run(first + index, headers, body)
    return settled
  })
  const commit = () => {
    const waiting = batch
    batch = []
    try {
      const settled = write(waiting)
      for (const [index, { respond }] of waiting.entries())
        respond(settled[index]?.run === undefined ? 'duplicate' : 'applied')
    } catch (error) {
      console.error(error)
      for (const { respond } of waiting) respond('failed')
    }
  }
  return (delivery) => {
    if (batch.push(delivery) === 1) setImmediate(commit)
  }
}

/** The deliveries for these submissions that are stored together with their body and their effect. */
export function findStoredByGroupCommit(
  path: string,
  submissions: readonly PendingSubmission[],
): StoredDelivery[] {
  const ids = new Map(submissions.map(({ submissionId }) => [numberOf(submissionId), submissionId]))
  const connection = new Database(path, { readonly: true })
  const rows = connection
    .prepare<[], { submission: number; name: string }>(
      `SELECT runs.submission, runs.name FROM runs JOIN deliveries ON deliveries.n = settled_by AND deliveries.run = runs.n
         JOIN delivery_bodies ON delivery_bodies.n = deliveries.n WHERE status <> ${PENDING}`,
    )
    .all()
  connection.close()
  return rows.map(({ submission, name }) => ({ submissionId: ids.get(submission) ?? '', extension: name }))
}

const randomBytes = Buffer.alloc(8 * 1024)
let used = randomBytes.length

function randomBytes8(): Buffer {
  if (used === randomBytes.length) {
    randomFillSync(randomBytes)
    used = 0
  }
  used += 8
  return randomBytes.subarray(used - 8, used)
}
