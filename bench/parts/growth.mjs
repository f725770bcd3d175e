// What becomes of ingest, status and the first page of failures as runs add up; and whether pruning a million makes anyone wait.
import { join } from 'node:path'
import { median, milliseconds, spread, whole } from '../figures.mjs'
import { countMissing } from '../ingest-run.mjs'
import { generateLoad } from '../load/generate-load.mjs'
import { letArrive } from '../load/let-arrive.mjs'
import { getRequest, writeRequests } from '../load/request-file.mjs'
import { prepareRequests } from '../prepare.mjs'
import { describeSyncs, inRounds } from '../rounds.mjs'
import { createGrowingFile } from '../seeding/growing-file.mjs'
import { pickFileIds } from '../seeding/seeded-file.mjs'
import { TRACKER } from '../servers/ingest-servers.mjs'
import { launchTracker, withServer } from '../servers/launch.mjs'
import { OPERATOR, READER } from '../servers/secrets.mjs'

const CONNECTIONS = 64
/** As many as the smallest database has. */
const ASSETS = 4_000
const FAILURES = '/runs?status=failed&acknowledged=false&limit=50'
/** Two thirds of the bodies are older. */
const SHORT_RETENTION = { RETENTION: '30d' }
/** Void rounds included. */
const MOST_ROUNDS = 8

export async function measure(given) {
  const bench = { ...given, seconds: Math.ceil(given.seconds / 2), warmUpSeconds: 1 }
  const each = bench.seconds + bench.warmUpSeconds
  const deliveries = prepareRequests(bench, MOST_ROUNDS * each)
  const pending = deliveries.count / MOST_ROUNDS
  const sizes = sizesUpTo(bench.isQuick ? 150_000 : bench.mostRuns)
  const samples = sizes.map((size) => openSample(bench, size, pending))
  let lost = 0
  const rounds = await inRounds(bench, samples, async (sample) => {
    const result = await runSample(bench, sample, deliveries)
    lost += result.ingest.missing
    return result
  })
  const pruning = await runPruning(bench, samples.at(-1), deliveries)
  return resultOf(samples, rounds, { pruning, pending, lost: lost + pruning.missing })
}

function sizesUpTo(most) {
  return [10_000, 1_000_000, 10_000_000].filter((size) => size < most).concat(most)
}

function openSample(bench, size, pending) {
  const file = createGrowingFile(bench, size, pending)
  const fileIds = pickFileIds(file.seeded, ASSETS)
  return {
    name: `${whole(size)} runs`,
    file,
    pending,
    status: writeRequests(join(bench.folder, `growth-status-${size}`), fileIds.length, (index) =>
      getRequest(`/assets/${fileIds[index]}/status`, READER),
    ),
    failures: writeRequests(join(bench.folder, `growth-failures-${size}`), 100, () =>
      getRequest(FAILURES, OPERATOR),
    ),
  }
}

async function runSample(bench, { name, file, pending, status, failures }, deliveries) {
  const { seconds, warmUpSeconds, tell } = bench
  const load = { connections: CONNECTIONS, seconds }
  const result = await taking(bench, { file, pending, deliveries }, async (url) => {
    await generateLoad(url, status, { ...load, seconds: warmUpSeconds })
    return {
      status: await generateLoad(url, status, load),
      failures: await generateLoad(url, failures, { connections: 1, seconds }),
    }
  })
  tell(`${name}: ${whole(result.ingest.rate)} webhooks, ${whole(result.status.rate)} statuses a second`)
  return result
}

async function runPruning(bench, { file, pending }, deliveries) {
  const env = SHORT_RETENTION
  const { ingest } = await taking(bench, { file, pending, deliveries, env }, () => ({}))
  return ingest
}

/** New pending runs are settled under load, and what `then` asks is asked; every delivery is looked up afterwards. */
async function taking(bench, { file, pending, deliveries, env = {} }, then) {
  const start = await file.renew()
  const load = { connections: CONNECTIONS, seconds: bench.seconds }
  const { loads, ...asked } = await withServer(launchTracker(file.folder, env), async ({ url }) => {
    const warmUp = await generateLoad(url, deliveries, {
      ...load,
      seconds: bench.warmUpSeconds,
      first: start,
    })
    const ingest = await generateLoad(url, deliveries, { ...load, first: start + warmUp.sent })
    await letArrive(url)
    return { loads: [warmUp, ingest], ...(await then(url)) }
  })
  const missing = countMissing(TRACKER, file.folder, { count: pending }, loads, start)
  return { ...asked, ingest: { ...loads[1], missing } }
}

function resultOf(samples, rounds, { pruning, pending, lost }) {
  const rates = (name, what) => rounds.found.get(name).map((result) => result[what].rate)
  const [least, most] = [samples[0].name, samples.at(-1).name]
  const against = (what) => median(rates(most, what)) / median(rates(least, what))
  const failuresMicros = (name) => median(rounds.found.get(name).map(({ failures }) => failures.p50))
  const longest = (name) => Math.max(...rounds.found.get(name).map(({ ingest }) => ingest.max))
  return {
    title: 'Growth',
    tables: [
      {
        title: 'The same service with more and more behind it',
        columns: [
          'settled before',
          'webhooks a second, 64 connections',
          'the longest one, ms',
          `status of ${whole(ASSETS)} assets, a second, 64 connections`,
          'first page of failures, p50 ms',
        ],
        rows: samples.map(({ name }) => [
          name,
          spread(rates(name, 'ingest')),
          milliseconds(longest(name)),
          spread(rates(name, 'status')),
          milliseconds(failuresMicros(name)),
        ]),
        note: `Each has ${whole(pending)} pending runs besides. While bodies are pruned from the largest: ${whole(pruning.rate)} webhooks a second, the longest ${milliseconds(pruning.max)} ms. ${describeSyncs(rounds)}`,
      },
    ],
    goals: {
      'growth-ingest': against('ingest'),
      'growth-status': against('status'),
      'growth-failures': failuresMicros(least) / failuresMicros(most),
      'growth-stall': pruning.max / 1000,
    },
    lost,
    raw: { results: Object.fromEntries(rounds.found), pruning },
  }
}
