// How long an operator's reads take with 10,000 and with 1,000,000 runs (three deliveries for each), side by side in one run:
// `node bench/operators.mjs [FOLDER]`. Databases that are in the folder already are taken; they are kept there.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { EVERY_RUN } from '../dist/domain/run-filter.js'
import { openSqliteStore } from '../dist/store/sqlite/open-sqlite-store.js'
import { prepareStatements } from '../dist/store/sqlite/statements.js'
import { describeStats } from '../dist/tracking/operators/describe-stats.js'
import { createRandom, seed } from './seed.mjs'

const SIZES = [10_000, 1_000_000]
const TIMES = Number(process.env.TIMES ?? 60)
const DAY = 86_400_000
const PLANS = [
  'listGroupSeqs',
  'listGroupSeqsWithin',
  'listBlocks',
  'findListedRun',
  'skipNamed',
  'listNamedRuns',
  'listNamedGroupSeqs',
  'listSeqsOfRun',
  'listSeqsOfSubmission',
  'listSeqsOfFile',
  'listDeliveries',
  'listApplied',
  'listOutcome',
  'listOfSubmission',
  'listOfFile',
  'listTallies',
  'listSettled',
  'findOldestOfGroup',
]

const given = process.argv[2]
const folder = given ?? mkdtempSync(join(tmpdir(), 'tracker-operators-'))
const stores = []
for (const size of SIZES) {
  const path = join(folder, `${size}.db`)
  if (!existsSync(path)) seed(path, size)
  stores.push(await openSample(path, size))
}

try {
  console.log(
    `| read | ${SIZES.map((size) => `${size.toLocaleString('en')} runs: p50, p95 ms`).join(' | ')} |`,
  )
  console.log(`| --- | ${SIZES.map(() => '---: ').join('| ')}|`)
  let slowest = 0
  for (const [name, read] of reads()) {
    const times = stores.map(() => [])
    for (let round = 0; round < TIMES; round += 1)
      for (const [index, sample] of stores.entries()) {
        const startedAt = performance.now()
        await read(sample, round)
        times[index].push(performance.now() - startedAt)
      }
    const cells = times.map((each) => each.toSorted((one, other) => one - other))
    slowest = Math.max(slowest, ...cells.map((each) => at(each, 0.5)))
    console.log(
      `| ${name} | ${cells.map((each) => `${at(each, 0.5).toFixed(2)}, ${at(each, 0.95).toFixed(2)}`).join(' | ')} |`,
    )
  }
  console.log(`\nThe slowest median is ${slowest.toFixed(1)} ms.\n`)
  tellPlans(join(folder, `${SIZES[0]}.db`))
  if (slowest >= 50) process.exitCode = 1
} finally {
  for (const { store } of stores) await store.close()
  if (given === undefined) rmSync(folder, { recursive: true })
}

function at(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

/** The store, with things in it that are spread over all of its age. */
async function openSample(path, size) {
  const connection = new Database(path, { readonly: true })
  const random = createRandom(7)
  const count = connection.prepare('SELECT max(seq) FROM runs').pluck().get()
  const find = connection.prepare(
    `SELECT run_id AS runId, submission_id AS submissionId, file_id AS fileId, file_name AS fileName, runs.seq
     FROM runs JOIN submissions ON submissions.seq = submission_seq WHERE runs.seq = ?`,
  )
  const picked = Array.from({ length: TIMES }, () => find.get(1 + Math.floor(random() * count)))
  const findDelivery = connection.prepare('SELECT delivery_id FROM deliveries WHERE seq = ?').pluck()
  const deliveryIds = picked.map(({ seq }) => findDelivery.get(seq * 3 - 1))
  const newest = connection.prepare('SELECT max(requested_at) FROM runs').pluck().get()
  connection.close()
  return { store: openSqliteStore({ path }), size, picked, deliveryIds, newest, count }
}

function reads() {
  const list =
    (filter, { limit = 50, isDeep = false } = {}) =>
    (sample, round) => {
      const told = typeof filter === 'function' ? filter(sample, round) : filter
      const before = isDeep ? sample.picked[round].seq : null
      return sample.store.listRuns({ ...EVERY_RUN, ...told }, { limit, before })
    }
  const deliveries =
    (filter, isDeep = false) =>
    (sample, round) => {
      const told = typeof filter === 'function' ? filter(sample, round) : filter
      const before = isDeep ? { kept: sample.picked[round].seq * 3, refused: null } : null
      return sample.store.listDeliveries({ outcome: null, fileId: null, ...told }, { limit: 50, before })
    }
  const worklist = { status: 'failed', acknowledged: false }
  const lastDays = (days) => (sample) => ({ since: sample.newest - days * DAY })
  const anHour = (sample, round) => {
    const since = sample.newest - (1 + ((round * 37) % 88)) * DAY
    return { since, until: since + 3_600_000 }
  }
  const picked = (name) => (sample, round) => ({ q: sample.picked[round][name] })
  const stats = (windowMs) => (sample) =>
    describeStats({ store: sample.store, clock: () => sample.newest }, windowMs)
  return [
    ['runs: all', list({})],
    ['runs: all, 200 of them', list({}, { limit: 200 })],
    ['runs: all, a page in the middle', list({}, { isDeep: true })],
    ['failures: the worklist', list(worklist)],
    ['failures: the worklist, 200 of them', list(worklist, { limit: 200 })],
    ['failures: the worklist, a page in the middle', list(worklist, { isDeep: true })],
    ['failures: with those that were seen to', list({ status: 'failed' })],
    ['failures: of one extension', list({ ...worklist, extension: 'ai-tasks' })],
    ['failures: of one cause', list({ ...worklist, cause: 'ThrottlingException' })],
    [
      'failures: of one extension and cause',
      list({ ...worklist, extension: 'remove-bg', cause: 'quota_exceeded' }),
    ],
    ['failures: of the last 24 hours', list((sample) => ({ ...worklist, ...lastDays(1)(sample) }))],
    ['failures: of the last 30 days', list((sample) => ({ ...worklist, ...lastDays(30)(sample) }))],
    ['failures: of one hour', list((sample, round) => ({ ...worklist, ...anHour(sample, round) }))],
    ['failures: until 80 days ago', list((sample) => ({ ...worklist, until: sample.newest - 80 * DAY }))],
    [
      'failures: seen to, of one cause',
      list({ status: 'failed', acknowledged: true, cause: 'quota_exceeded' }),
    ],
    ['failures: of a cause that there is not', list({ ...worklist, cause: 'none' })],
    ['runs: pending', list({ status: 'pending' })],
    ['runs: expired', list({ status: 'expired' })],
    ['runs: success of one extension', list({ status: 'success', extension: 'remove-bg' })],
    ['runs: of one extension', list({ extension: 'ai-tasks' })],
    ['runs: of one hour', list(anHour)],
    [
      'runs: everything at once',
      list((sample) => ({
        ...worklist,
        ...lastDays(60)(sample),
        extension: 'ai-tasks',
        cause: 'model_overloaded',
        q: 'img_',
      })),
    ],
    ['search: a run', list(picked('runId'))],
    ['search: a submission', list(picked('submissionId'))],
    ['search: a file', list(picked('fileId'))],
    ['search: a whole name', list(picked('fileName'))],
    ['search: nothing', list({ q: 'there is no such thing' })],
    ['search: `invoice` (0.4 % of names)', list({ q: 'invoice' })],
    ['search: `banner` (1.6 %)', list({ q: 'banner' })],
    ['search: `banner`, a page in the middle', list({ q: 'banner' }, { isDeep: true })],
    ['search: `logo` (5 %)', list({ q: 'logo' })],
    ['search: `img` (60 %)', list({ q: 'img' })],
    ['search: `invoice`, failures', list({ ...worklist, q: 'invoice' })],
    ['search: `banner`, failures', list({ ...worklist, q: 'banner' })],
    ['search: `img`, failures', list({ ...worklist, q: 'img' })],
    ['search: `banner`, failures of one cause', list({ ...worklist, cause: 'quota_exceeded', q: 'banner' })],
    ['search: `banner`, of one hour', list((sample, round) => ({ ...anHour(sample, round), q: 'banner' }))],
    ['one run with its history', (sample, round) => sample.store.findRunHistory(sample.picked[round].runId)],
    [
      'one asset with all its runs',
      (sample, round) => sample.store.listAssetSubmissions(sample.picked[round].fileId),
    ],
    ['deliveries: all', deliveries({})],
    ['deliveries: a page in the middle', deliveries({}, true)],
    ['deliveries: applied', deliveries({ outcome: 'applied' })],
    ['deliveries: duplicate', deliveries({ outcome: 'duplicate' })],
    ['deliveries: ignored, a page in the middle', deliveries({ outcome: 'ignored' }, true)],
    ['deliveries: contradicted (none)', deliveries({ outcome: 'contradicted' })],
    ['deliveries: rejected (none)', deliveries({ outcome: 'rejected' })],
    ['deliveries: of a file', deliveries((sample, round) => ({ fileId: sample.picked[round].fileId }))],
    [
      'deliveries: of a file, applied',
      deliveries((sample, round) => ({ fileId: sample.picked[round].fileId, outcome: 'applied' })),
    ],
    ['one delivery with its body', (sample, round) => sample.store.findDelivery(sample.deliveryIds[round])],
    ['groups of runs', (sample) => sample.store.listRunGroups()],
    ['tallies of 24 hours', (sample) => sample.store.sumTallies(hourOf(sample) - 23, hourOf(sample) + 1)],
    [
      'tallies of 90 days',
      (sample) => sample.store.sumTallies(hourOf(sample) - 90 * 24 + 1, hourOf(sample) + 1),
    ],
    ['the oldest pending', (sample) => sample.store.findOldestPending()],
    ['stats of 24 hours', stats(DAY)],
    ['stats of 90 days', stats(90 * DAY)],
  ]
}

function hourOf({ newest }) {
  return Math.floor(newest / 3_600_000)
}

function tellPlans(path) {
  const connection = new Database(path, { readonly: true })
  const statements = prepareStatements(connection)
  for (const name of PLANS) {
    const { sql, params } = statements[name].getQuery()
    const steps = connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params.map(() => null))
    console.log(`${name}\n${steps.map(({ detail }) => `  ${detail}`).join('\n')}`)
  }
  connection.close()
}
