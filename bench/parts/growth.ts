// How ingest, status and the first page of failures change as runs add up, and whether pruning many bodies delays webhooks.
import { join } from 'node:path'
import { median, milliseconds, spread, sum, whole } from '../figures.ts'
import { countMissing, TRACKER } from '../ingest-run.ts'
import { API_KEY_HEADERS, type Env, launchTracker, OPERATOR_HEADERS, withServer } from '../launch.ts'
import { generateLoad, type Load, waitUntilRead } from '../load.ts'
import type { PartResult } from '../report.ts'
import { buildGetRequest, type RequestFile, writeRequests } from '../requests.ts'
import { type Bench, describeSyncs, inRounds, type Rounds } from '../rounds.ts'
import { type GrowingDatabase, growingDatabase, pickFileIds } from '../tracker-database.ts'
import { createWorkload, deliveriesFor } from '../workload.ts'

const CONNECTIONS = 64
/** Fewer than the smallest database has, so the same number is read at every size. */
const ASSETS = 4_000
const FAILURES = '/runs?status=failed&acknowledged=false&limit=50'
/** Makes the service prune: two thirds of the generated bodies are older. */
const SHORT_RETENTION = { RETENTION: '30d' }

type Sample = { name: string; database: GrowingDatabase; status: RequestFile; failures: RequestFile }
type Ingest = Load & { missing: number }
type Result = { ingest: Ingest; status: Load; failures: Load }

export async function measureGrowth(baseBench: Bench): Promise<PartResult> {
  const bench = { ...baseBench, seconds: Math.ceil(baseBench.seconds / 2), warmUpSeconds: 1 }
  const maxRuns = bench.isQuick ? 150_000 : bench.mostRuns
  const sizes = [10_000, 1_000_000, 10_000_000].filter((size) => size < maxRuns).concat(maxRuns)
  const samples = sizes.map((size) => openSample(bench, size))
  const rounds = await inRounds(bench, samples, (sample) => runSample(bench, sample))
  const largest = growingDatabase(bench, maxRuns)
  const { ingest: pruning } = await settleUnderLoad(bench, largest, { env: SHORT_RETENTION })
  return resultOf(samples, rounds, { pruning, pending: pendingRunCount(bench) })
}

function pendingRunCount({ seconds, warmUpSeconds }: Bench): number {
  return deliveriesFor(warmUpSeconds + seconds)
}

function openSample(bench: Bench, size: number): Sample {
  const database = growingDatabase(bench, size)
  const fileIds = pickFileIds(database.seeded, ASSETS)
  return {
    name: `${whole(size)} runs`,
    database,
    status: writeRequests(join(bench.folder, `growth-status-${size}`), fileIds.length, (index) =>
      buildGetRequest(`/assets/${fileIds[index]}/status`, API_KEY_HEADERS),
    ),
    failures: writeRequests(join(bench.folder, `growth-failures-${size}`), 100, () =>
      buildGetRequest(FAILURES, OPERATOR_HEADERS),
    ),
  }
}

async function runSample(bench: Bench, { name, database, status, failures }: Sample): Promise<Result> {
  const { seconds, warmUpSeconds, log } = bench
  const load = { connections: CONNECTIONS, seconds }
  const { ingest, read } = await settleUnderLoad(bench, database, {
    afterwards: async (url) => {
      await generateLoad(url, status, { ...load, seconds: warmUpSeconds })
      return {
        status: await generateLoad(url, status, load),
        failures: await generateLoad(url, failures, { connections: 1, seconds }),
      }
    },
  })
  if (read === undefined) throw new Error('nothing was read')
  log(`${name}: ${whole(ingest.rate)} webhooks, ${whole(read.status.rate)} statuses a second`)
  return { ingest, ...read }
}

/**
 * Adds pending runs and settles them under load. After the warm-up, `meanwhile` does other work during the load, until `isOver()`
 * returns true; `afterwards` runs after the load. Finally, every delivery that was sent is looked up.
 */
export async function settleUnderLoad<Read = undefined>(
  bench: Bench,
  database: GrowingDatabase,
  {
    env = {},
    meanwhile,
    afterwards,
  }: {
    env?: Env
    meanwhile?: (url: string, isOver: () => boolean) => Promise<void>
    afterwards?: (url: string) => Promise<Read>
  },
): Promise<{ ingest: Ingest; read: Read | undefined }> {
  const count = pendingRunCount(bench)
  const extensions = ['remove-bg']
  const submissions = await database.addPending(count, extensions)
  const workload = createWorkload(join(bench.folder, 'growing.requests'), submissions, { count, extensions })
  const load = { connections: CONNECTIONS, seconds: bench.seconds }
  const { loads, read } = await withServer(launchTracker(database.folder, env), async ({ url }) => {
    const warmUp = await generateLoad(url, workload, { ...load, seconds: bench.warmUpSeconds })
    let isOver = false
    const otherWork = meanwhile?.(url, () => isOver)
    const measured = await generateLoad(url, workload, { ...load, first: warmUp.sent })
    isOver = true
    await otherWork
    await waitUntilRead(url)
    return { loads: { warmUp, measured }, read: await afterwards?.(url) }
  })
  const missing = countMissing(TRACKER.findStored(database.folder, workload), workload, Object.values(loads))
  return { ingest: { ...loads.measured, missing }, read }
}

function resultOf(
  samples: Sample[],
  rounds: Rounds<Result>,
  { pruning, pending }: { pruning: Ingest; pending: number },
): PartResult {
  const [smallest = '', largest = ''] = [samples[0]?.name, samples.at(-1)?.name]
  const rates = (name: string, what: 'ingest' | 'status') =>
    rounds.resultsOf(name).map((result) => result[what].rate)
  const ratioOf = (what: 'ingest' | 'status') => median(rates(largest, what)) / median(rates(smallest, what))
  const failuresMicros = (name: string) => median(rounds.resultsOf(name).map(({ failures }) => failures.p50))
  const longestMicros = (name: string) => Math.max(...rounds.resultsOf(name).map(({ ingest }) => ingest.max))
  const missing = samples.flatMap(({ name }) => rounds.resultsOf(name).map(({ ingest }) => ingest.missing))
  return {
    title: 'Growth',
    tables: [
      {
        title: 'The same service with a growing number of runs',
        columns: [
          'database',
          'webhooks per second, 64 connections',
          'the longest one, ms',
          `status of ${whole(ASSETS)} assets, a second, 64 connections`,
          'first page of failures, p50 ms',
        ],
        rows: samples.map(({ name }) => [
          name,
          spread(rates(name, 'ingest')),
          milliseconds(longestMicros(name)),
          spread(rates(name, 'status')),
          milliseconds(failuresMicros(name)),
        ]),
        note: `Before each measurement, ${whole(pending)} pending runs are added. While bodies of the largest database are pruned: ${whole(pruning.rate)} webhooks per second, the longest ${milliseconds(pruning.max)} ms. ${describeSyncs(rounds)}`,
      },
    ],
    goals: {
      'growth-ingest': ratioOf('ingest'),
      'growth-status': ratioOf('status'),
      'growth-failures': failuresMicros(smallest) / failuresMicros(largest),
      'growth-stall': pruning.max / 1000,
    },
    lost: sum([...missing, pruning.missing]),
    raw: { results: rounds.results, pruning },
  }
}
