// Makes a database with many runs and three deliveries for each, as ninety days of use leave it: `node bench/seed.mjs FILE [RUNS]`
// (a million unless told). Rows are written as fast as SQLite takes them; what is counted is counted by the store's own code.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { v7 } from 'uuid'
import { openConnection } from '../dist/store/sqlite/connection.js'
import { migrateSqlite } from '../dist/store/sqlite/open-sqlite-store.js'
import { prepareStatements } from '../dist/store/sqlite/statements.js'
import { createTallies } from '../dist/store/sqlite/tallies.js'

const DAY = 86_400_000
const EXTENSIONS = ['remove-bg', 'aws-auto-tagging', 'google-auto-tagging', 'ai-auto-description', 'ai-tasks']
const CAUSES = {
  'remove-bg': ['unknown_foreground', 'image_too_small', 'quota_exceeded'],
  'aws-auto-tagging': ['ImageTooLargeException', 'ThrottlingException', 'InvalidImageFormatException'],
  'google-auto-tagging': ['bad_image_data', 'deadline_exceeded'],
  'ai-auto-description': ['description_not_generated', 'content_filtered'],
  'ai-tasks': ['tasks_not_evaluated', 'model_overloaded'],
}
/** How names begin, and how many of a thousand do so. */
const NAMES = [
  ['IMG_', 600],
  ['product-', 330],
  ['logo-', 50],
  ['banner-', 16],
  ['invoice-', 4],
]
const BATCH = 5_000

/** Returns what a measurement needs to know of it. */
export function seed(path, runCount = 1_000_000) {
  if (existsSync(path)) throw new Error(`${path} is there already`)
  migrateSqlite(path)
  const connection = openConnection(path)
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', 'cache_size = -400000'])
    connection.pragma(pragma)
  const random = createRandom(runCount)
  const write = prepareInserts(connection)
  const tallies = createTallies(prepareStatements(connection))
  const until = Date.now()
  let runs = 0
  while (runs < runCount) {
    connection.exec('BEGIN')
    const end = Math.min(runs + BATCH, runCount)
    while (runs < end) {
      const at = Math.round(until - 90 * DAY + (runs / runCount) * 90 * DAY + random() * 60_000 - 60_000)
      runs += writeSubmission({ write, tallies, random, until }, runs, at, end - runs)
    }
    tallies.write()
    connection.exec('COMMIT')
    tallies.end(true)
  }
  connection.pragma('journal_mode = WAL')
  connection.close()
}

function writeSubmission({ write, tallies, random, until }, index, at, most) {
  const submissionId = v7({ msecs: at })
  const fileId = createHash('sha256').update(`file ${index}`).digest('hex').slice(0, 24)
  const first = Math.floor(random() * EXTENSIONS.length)
  const count = Math.min(most, 1 + Math.floor(random() * 3))
  const names = Array.from({ length: count }, (_, each) => EXTENSIONS[(first + each) % EXTENSIONS.length])
  const extensions = JSON.stringify(names.map((name) => ({ name })))
  const fileName = nameOf(random, index)
  const { lastInsertRowid: submissionSeq } = write.submission.run({
    submissionId,
    fileId,
    fileName,
    extensions,
    at,
  })
  for (const name of names) {
    const run = runOf(random, { submissionId, name, at, isNew: at > until - DAY })
    const groupId = tallies.change(undefined, run)
    const error = run.error && JSON.stringify(run.error)
    const evidence = run.evidence && JSON.stringify(run.evidence)
    const { runId, status, source, settledAt, updatedAt, acknowledgedAt } = run
    const { lastInsertRowid } = write.run.run({
      ...{
        runId,
        submissionSeq,
        name,
        status,
        source,
        at,
        settledAt,
        updatedAt,
        error,
        evidence,
        acknowledgedAt,
      },
      groupId,
    })
    tallies.place(Number(lastInsertRowid), at)
    writeDeliveries(write, run, { submissionSeq, fileId, at })
  }
  return count
}

/** 94 % success, 4 % failed, 1 % expired, 1 % pending. Half of the failures that are a week old were seen to. */
function runOf(random, { submissionId, name, at, isNew }) {
  const dice = random()
  const status = dice < 0.94 ? 'success' : dice < 0.98 ? 'failed' : dice < 0.99 ? 'expired' : 'pending'
  const settledAt = at + Math.round(1_000 + 60_000 * random() ** 4)
  const isFinal = status === 'success' || status === 'failed'
  const causes = CAUSES[name]
  return {
    runId: v7({ msecs: at }),
    submissionId,
    name,
    requestedAs: null,
    status,
    source: isFinal ? 'webhook' : status === 'expired' ? 'expiry' : 'response',
    attempt: 1,
    requestedAt: at,
    settledAt: isFinal ? settledAt : null,
    updatedAt: status === 'expired' ? at + 25 * 3_600_000 : settledAt,
    error:
      status === 'failed'
        ? { message: 'It could not be done.', code: causes[Math.floor(random() * causes.length)] }
        : null,
    evidence: status === 'expired' ? { kind: 'no_word' } : null,
    contradicted: false,
    acknowledgedAt: status === 'failed' && !isNew && random() < 0.5 ? settledAt + DAY : null,
  }
}

/** Of a final run its webhook, sent twice, and an event about its file; of another one three events. */
function writeDeliveries(write, run, { submissionSeq, fileId, at }) {
  const isFinal = run.settledAt !== null
  for (let each = 0; each < 3; each += 1) {
    const isWebhook = isFinal && each < 2
    const receivedAt = (run.settledAt ?? at) + each * 20
    const { lastInsertRowid } = write.delivery.run({
      deliveryId: v7({ msecs: at }),
      route: isWebhook ? 'extension' : 'account',
      receivedAt,
      outcome: isWebhook ? (each === 0 ? 'applied' : 'duplicate') : 'ignored',
      submissionSeq: isWebhook ? submissionSeq : null,
      fileId,
      service: isWebhook ? run.name : null,
      finalStatus: isWebhook ? run.status : null,
      eventId: isWebhook ? null : `${run.runId} ${each}`,
    })
    const body = JSON.stringify({
      service: run.name,
      status: run.status,
      fileId,
      error: run.error,
      at: receivedAt,
    })
    write.body.run(
      lastInsertRowid,
      '{"content-type":"application/json","user-agent":"ImageKit"}',
      Buffer.from(body),
    )
  }
}

function nameOf(random, index) {
  let dice = Math.floor(random() * 1_000)
  for (const [begin, share] of NAMES) {
    if (dice < share) return `${begin}${index}.jpg`
    dice -= share
  }
  return `${index}.jpg`
}

function prepareInserts(connection) {
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
       VALUES (@runId, @submissionSeq, @name, @status, @source, 1, @at, @settledAt, @updatedAt, @at + 600000,
         @error, @evidence, 0, @acknowledgedAt, @groupId)`,
    ),
    delivery: connection.prepare(
      `INSERT INTO deliveries (delivery_id, route, received_at, outcome, signature, submission_seq, file_id, service,
         final_status, event_id)
       VALUES (@deliveryId, @route, @receivedAt, @outcome, 'absent', @submissionSeq, @fileId, @service, @finalStatus, @eventId)`,
    ),
    body: connection.prepare('INSERT INTO delivery_bodies (delivery_seq, headers, body) VALUES (?, ?, ?)'),
  }
}

/** The same numbers each time. */
export function createRandom(start) {
  let state = start | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , path, count] = process.argv
  if (path === undefined) throw new Error('tell where: node bench/seed.mjs FILE [RUNS]')
  const startedAt = Date.now()
  seed(path, Number(count ?? 1_000_000))
  console.log(`${path} is filled, in ${Math.round((Date.now() - startedAt) / 1000)} s`)
}
