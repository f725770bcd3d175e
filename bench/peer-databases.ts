// The databases of the compared servers that record extension webhooks. Their writes are as safe as the tracker's, in less code.
import { randomFillSync } from 'node:crypto'
import Database from 'better-sqlite3'
import { Pool } from 'pg'
import { checkOf, numberOf } from '#src/domain/ids'
import { ATTENTION, KIND, OUTCOME, ROUTE, SIGNATURE, SOURCE, STATE, STATUS } from '#src/store/sql/codes'
import { openConnection } from '#src/store/sqlite/connection'
import { migrateConnection } from '#src/store/sqlite/open-sqlite-store'
import { syncFile } from './machine.ts'
import type { PendingSubmission, StoredDelivery } from './tracker-database.ts'

/** The body of an extension webhook. */
type Payload = {
  service: string
  status: 'SUCCESS' | 'FAILURE'
  fileId?: string
  fileObject?: { fileId: string }
  error?: { code: string; message: string }
}

export type RecordOne = (submissionId: string, body: Buffer, payload: Payload) => void

/** Records each delivery in a transaction of its own, in two simple tables, which are empty at first. */
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

/** The deliveries that are stored together with their run. */
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

const { pending: PENDING, success: SUCCESS, failed: FAILED } = STATUS.to
const { response: FROM_RESPONSE, webhook: FROM_WEBHOOK } = SOURCE.to
/** The `settled_by` of pending runs, at least as wide as the later value, because a row that grows can split its page. */
const SETTLED_BY_PLACEHOLDER = 0x7f_ff_ff

/** Creates a database with the tables and indexes of the tracker, in which the runs of these submissions are pending. */
export function createGroupCommitDatabase(
  path: string,
  { submissions, extensions }: { submissions: readonly PendingSubmission[]; extensions: readonly string[] },
): void {
  const connection = openConnection(path)
  migrateConnection(connection)
  const insertSubmission = connection.prepare(
    `INSERT INTO submissions (n, chk, kind, state, file_id, file_name, key_name, sets_description, created_at,
       responded_at, updated_at, extensions, baseline)
     VALUES (@n, @chk, ${KIND.to.upload}, ${STATE.to.accepted}, @fileId, @fileName, 'default', 0, @at, @at, @at, @requested, '{"aiTags":{}}')`,
  )
  const insertRun = connection.prepare(
    `INSERT INTO runs (chk, submission, name, attempt, requested_at, status, source, settled_at, updated_at, settled_by,
       bound_to)
     VALUES (@chk, @submission, @name, 1, @at, ${PENDING}, ${FROM_RESPONSE}, @at, @at, ${SETTLED_BY_PLACEHOLDER}, @fileId)`,
  )
  const requested = JSON.stringify(extensions.map((name) => ({ name })))
  const at = Date.now()
  connection.exec('BEGIN')
  for (const { submissionId, fileId } of submissions) {
    const n = numberOf(submissionId)
    const chk = checkOf(submissionId)
    insertSubmission.run({ n, chk, fileId, fileName: `IMG_${n}.jpg`, at, requested })
    for (const name of extensions) insertRun.run({ chk, submission: n, name, at, fileId })
  }
  connection.exec('COMMIT')
  connection.pragma('wal_checkpoint(TRUNCATE)')
  connection.close()
  syncFile(path)
}

/** A delivery whose sender waits for the commit. */
export type QueuedDelivery = {
  submissionId: string
  /** As JSON. */
  headers: string
  body: Buffer
  respond: (outcome: 'applied' | 'duplicate' | 'failed') => void
}

/** Commits all deliveries that arrive in one tick of the event loop together, in one transaction. */
export function openGroupCommit(path: string): (delivery: QueuedDelivery) => void {
  const connection = openConnection(path)
  const where = `WHERE submission = ? AND name = ? AND status = ${PENDING} RETURNING n`
  // SQLite touches an index only if the statement sets one of its columns. The statement `succeed` sets none.
  const succeed = connection
    .prepare<unknown[], number>(
      `UPDATE runs SET status = ${SUCCESS}, source = ${FROM_WEBHOOK}, settled_at = ?, updated_at = ?, settled_by = ? ${where}`,
    )
    .pluck()
  const fail = connection
    .prepare<unknown[], number>(
      `UPDATE runs SET status = ${FAILED}, source = ${FROM_WEBHOOK}, settled_at = ?, updated_at = ?, settled_by = ?,
         attention = ${ATTENTION.failed}, cause = ?, failed_at = ?, error = ? ${where}`,
    )
    .pluck()
  const insertDelivery = connection.prepare(
    `INSERT INTO deliveries (n, chk, route, received_at, signature, outcome, run, service, exception)
     VALUES (?, ?, ${ROUTE.to.extension}, ?, ${SIGNATURE.to.absent}, ?, ?, ?, ?)`,
  )
  const insertBody = connection.prepare('INSERT INTO delivery_bodies VALUES (?, ?, ?)')
  let next = Number(connection.prepare('SELECT coalesce(max(n), 0) + 1 FROM deliveries').pluck().get())
  let batch: QueuedDelivery[] = []

  const settle = ({ submissionId, body }: QueuedDelivery, n: number, now: number) => {
    const { service, error }: Payload = JSON.parse(body.toString())
    const submission = numberOf(submissionId)
    const run =
      error === undefined
        ? succeed.get(now, now, n, submission, service)
        : fail.get(now, now, n, error.code, now, JSON.stringify(error), submission, service)
    return { service, run }
  }
  // Writing one table after the other improves cache locality.
  const write = connection.transaction((waiting: QueuedDelivery[]) => {
    const now = Date.now()
    const first = next
    next += waiting.length
    const settled = waiting.map((delivery, index) => settle(delivery, first + index, now))
    for (const [index, { service, run }] of settled.entries()) {
      const { outcome, exception } = outcomeColumns(run === undefined)
      insertDelivery.run(first + index, randomCheck(), now, outcome, run, service, exception)
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

/** The deliveries for these submissions that are stored together with their body and their effect on the run. */
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

const POOL_SIZE = 20

export type RecordInTransaction = (
  delivery: Pick<QueuedDelivery, 'submissionId' | 'headers' | 'body'>,
) => Promise<'applied' | 'duplicate'>

/** Records each delivery in a transaction of its own, in the tracker's tables, with prepared statements on a connection pool. */
export function openPostgresTransactions(url: string): RecordInTransaction {
  const pool = new Pool({ connectionString: url, max: POOL_SIZE })
  const settle = (name: string, status: number, moreAssignments: string) => ({
    name,
    text: `UPDATE runs SET status = ${status}, source = ${FROM_WEBHOOK}, settled_at = $1, updated_at = $1,
        settled_by = nextval('delivery_numbers')${moreAssignments}
      WHERE submission = $2 AND name = $3 AND status = ${PENDING} RETURNING n AS run, settled_by AS n`,
  })
  const succeed = settle('succeed', SUCCESS, '')
  const fail = settle(
    'fail',
    FAILED,
    `, attention = ${ATTENTION.failed}, cause = $4, failed_at = $1, error = $5`,
  )
  const insertDelivery = {
    name: 'delivery',
    text: `INSERT INTO deliveries (n, chk, route, received_at, signature, outcome, run, service, exception)
      VALUES (coalesce($1, nextval('delivery_numbers')), $2, ${ROUTE.to.extension}, $3, ${SIGNATURE.to.absent}, $4, $5, $6, $7)
      RETURNING n`,
  }
  const insertBody = {
    name: 'body',
    text: 'INSERT INTO delivery_bodies (n, headers, body) VALUES ($1, $2, $3)',
  }
  return async ({ submissionId, headers, body }) => {
    const { service, error }: Payload = JSON.parse(body.toString())
    const now = Date.now()
    const parameters = [now, numberOf(submissionId), service]
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const settled =
        error === undefined
          ? await client.query({ ...succeed, values: parameters })
          : await client.query({ ...fail, values: [...parameters, error.code, JSON.stringify(error)] })
      const { run, n } = settled.rows[0] ?? {}
      const isDuplicate = run === undefined
      const { outcome, exception } = outcomeColumns(isDuplicate)
      const inserted = await client.query({
        ...insertDelivery,
        values: [n, randomCheck(), now, outcome, run, service, exception],
      })
      await client.query({ ...insertBody, values: [inserted.rows[0].n, headers, body] })
      await client.query('COMMIT')
      return isDuplicate ? 'duplicate' : 'applied'
    } catch (failure) {
      await client.query('ROLLBACK')
      throw failure
    } finally {
      client.release()
    }
  }
}

/** The column `exception` repeats the outcome, but is NULL for an applied delivery, so that its index has only the others. */
function outcomeColumns(isDuplicate: boolean): { outcome: number; exception: number | null } {
  const outcome = isDuplicate ? OUTCOME.to.duplicate : OUTCOME.to.applied
  return { outcome, exception: isDuplicate ? outcome : null }
}

const randomBytes = Buffer.alloc(8 * 1024)
let usedBytes = randomBytes.length

/** The random bits of an id. As in the tracker, bits for many ids are generated at once. */
function randomCheck(): string {
  if (usedBytes === randomBytes.length) {
    randomFillSync(randomBytes)
    usedBytes = 0
  }
  usedBytes += 8
  return randomBytes.toString('base64url', usedBytes - 8, usedBytes)
}
