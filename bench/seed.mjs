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
import { prepareInserts, writeDeliveries } from './seeding/insert-rows.mjs'
import { createRandom, DAY, EXTENSIONS, nameOf, runOf } from './seeding/invented-runs.mjs'

const BATCH = 5_000

/** With so many deliveries for each run, and at most so many runs for each asset. */
export function seed(path, runCount = 1_000_000, { deliveriesEach = 3, mostRunsEach = 3 } = {}) {
  if (existsSync(path)) throw new Error(`${path} is there already`)
  migrateSqlite(path)
  const connection = openConnection(path)
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', 'cache_size = -400000'])
    connection.pragma(pragma)
  const random = createRandom(runCount)
  const write = prepareInserts(connection)
  const tallies = createTallies(prepareStatements(connection))
  const until = Date.now()
  const writer = { write, tallies, random, until, deliveriesEach, mostRunsEach }
  let runs = 0
  while (runs < runCount) {
    connection.exec('BEGIN')
    const end = Math.min(runs + BATCH, runCount)
    while (runs < end) {
      const at = Math.round(until - 90 * DAY + (runs / runCount) * 90 * DAY + random() * 60_000 - 60_000)
      runs += writeSubmission(writer, runs, at, end - runs)
    }
    tallies.write()
    connection.exec('COMMIT')
    tallies.end(true)
  }
  connection.pragma('journal_mode = WAL')
  connection.close()
}

function writeSubmission(writer, index, at, most) {
  const { write, tallies, random, until, deliveriesEach, mostRunsEach } = writer
  const submissionId = v7({ msecs: at })
  const fileId = createHash('sha256').update(`file ${index}`).digest('hex').slice(0, 24)
  const first = Math.floor(random() * EXTENSIONS.length)
  const count = Math.min(most, 1 + Math.floor(random() * mostRunsEach))
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
    const times = { at, settledAt, updatedAt, acknowledgedAt }
    const row = { runId, submissionSeq, name, status, source, ...times, error, evidence, groupId }
    const { lastInsertRowid } = write.run.run(row)
    tallies.place(Number(lastInsertRowid), at)
    write.current.run(fileId, name, lastInsertRowid)
    writeDeliveries(write, run, { submissionSeq, fileId, at }, deliveriesEach)
  }
  return count
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , path, count] = process.argv
  if (path === undefined) throw new Error('tell where: node bench/seed.mjs FILE [RUNS]')
  const startedAt = Date.now()
  seed(path, Number(count ?? 1_000_000))
  console.log(`${path} is filled, in ${Math.round((Date.now() - startedAt) / 1000)} s`)
}
