// The number of status reads that are served per second: of one asset that is read repeatedly, and of many at random.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCapabilityTokens } from '#src/tracking/capability-tokens'
import { median, milliseconds, spread } from '../figures.ts'
import type { GoalId } from '../goals.ts'
import {
  API_KEY_HEADERS,
  type Env,
  inOwnFolder,
  launchComparison,
  launchTracker,
  type RunningServer,
  SECRETS,
  withServer,
} from '../launch.ts'
import { generateLoad, type Load } from '../load.ts'
import type { PartResult } from '../report.ts'
import { buildGetRequest, type Headers, type RequestFile, writeRequests } from '../requests.ts'
import { type Bench, describeSyncs, inRounds, type Rounds } from '../rounds.ts'
import { pickFileIds, seededDatabase } from '../tracker-database.ts'

const CONNECTIONS = 64
const ASSETS = 1_000_000
const READ_ASSETS = 400_000
/** Headers that node:http sets itself. */
const SET_BY_NODE = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])
const { status: tokens } = createCapabilityTokens([SECRETS.TRACKER_TOKEN_SECRET])

/** The tracker (`start`) and another server (`other`, `startOther`), which serve the same requests. */
type Pair = {
  goal: GoalId
  name: string
  other: string
  requests: RequestFile
  start: () => Promise<RunningServer>
  startOther: () => Promise<RunningServer>
}
type Variant = Pick<Pair, 'name' | 'requests' | 'start'>

export function measureStatus(bench: Bench): Promise<PartResult> {
  return inOwnFolder(bench.folder, async (runFolder) => {
    const pairs = [
      ...(await repeatedPairs(bench, runFolder)),
      ...(bench.isQuick ? [] : [randomPair(bench, runFolder)]),
    ]
    const rounds = await inRounds(bench, pairs.flatMap(variantsOf), (variant) => runVariant(bench, variant))
    return resultOf(pairs, rounds)
  })
}

function runVariant(
  { seconds, warmUpSeconds, log }: Bench,
  { name, requests, start }: Variant,
): Promise<Load> {
  return withServer(start(), async ({ url }) => {
    const load = { connections: CONNECTIONS, seconds }
    await generateLoad(url, requests, { ...load, seconds: warmUpSeconds })
    // With many assets, not those that the warm-up has just read.
    const result = await generateLoad(url, requests, { ...load, first: Math.floor(requests.count / 2) })
    log(`${name}: ${Math.round(result.rate)} a second`)
    if (result.rejected > 0) throw new Error(`requests of “${name}” were rejected`)
    return result
  })
}

function variantsOf({ name, other, requests, start, startOther }: Pair): [ours: Variant, theirs: Variant] {
  return [
    { name: `${name}: this service`, requests, start },
    { name: `${name}: ${other}`, requests, start: startOther },
  ]
}

/** One asset, read in three ways. Each way is compared with a server that sends the same bytes. */
async function repeatedPairs(bench: Bench, runFolder: string): Promise<Pair[]> {
  const path = seededDatabase(bench, 10_000)
  const [fileId = ''] = pickFileIds(path, 1)
  const address = `/assets/${fileId}/status`
  const start = () => launchTracker(runFolder, databaseAt(path))
  return withServer(start(), async ({ url }) => {
    const { headers } = await fetch(url + address, { headers: API_KEY_HEADERS })
    const conditional = { ...API_KEY_HEADERS, 'If-None-Match': headers.get('etag') ?? '' }
    const reads: { goal: GoalId; name: string; target: string; requestHeaders: Headers }[] = [
      { goal: 'status-key', name: 'API key', target: address, requestHeaders: API_KEY_HEADERS },
      { goal: 'status-304', name: '304', target: address, requestHeaders: conditional },
      {
        goal: 'status-token',
        name: 'token',
        target: `${address}?token=${tokens.sign(fileId)}`,
        requestHeaders: {},
      },
    ]
    return Promise.all(
      reads.map(async ({ goal, name, target, requestHeaders }) => {
        const response = join(runFolder, `${goal}.json`)
        writeFileSync(response, JSON.stringify(await responseOf(url + target, requestHeaders)))
        const requests = writeRequests(join(runFolder, `${goal}.requests`), 1_000, () =>
          buildGetRequest(target, requestHeaders),
        )
        const startOther = () => launchComparison('bare-status', runFolder, { RESPONSE: response })
        return { goal, name, requests, start, startOther, other: 'node:http, the same bytes (the ceiling)' }
      }),
    )
  })
}

/** Many assets in random order, more than the status cache holds. Compared with a prepared read of the same database. */
function randomPair(bench: Bench, runFolder: string): Pair {
  const shape = { name: 'assets.db', deliveriesPerRun: 0, maxRunsPerSubmission: 1 }
  const path = seededDatabase(bench, ASSETS, shape)
  const fileIds = pickFileIds(path, READ_ASSETS)
  const requests = writeRequests(join(runFolder, 'random.requests'), fileIds.length, (index) =>
    buildGetRequest(`/assets/${fileIds[index]}/status`, API_KEY_HEADERS),
  )
  return {
    goal: 'status-random',
    name: '1,000,000 assets at random',
    requests,
    start: () => launchTracker(runFolder, databaseAt(path)),
    startOther: () => launchComparison('express-status', runFolder, { DATABASE: path }),
    other: 'Express, a prepared read',
  }
}

function databaseAt(path: string): Env {
  return { DATABASE_URL: `file:${path}` }
}

async function responseOf(url: string, requestHeaders: Headers) {
  const response = await fetch(url, { headers: requestHeaders })
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !SET_BY_NODE.has(name)))
  return { status: response.status, headers, body: await response.text() }
}

function resultOf(pairs: Pair[], rounds: Rounds<Load>): PartResult {
  const rate = (name: string) => median(rounds.resultsOf(name).map((result) => result.rate))
  const names = pairs.flatMap(variantsOf).map(({ name }) => name)
  const row = (name: string) => {
    const results = rounds.resultsOf(name)
    const latency = (which: 'p50' | 'p99' | 'max') =>
      milliseconds(median(results.map((result) => result[which])))
    return [
      name,
      spread(results.map((result) => result.rate)),
      latency('p50'),
      latency('p99'),
      latency('max'),
    ]
  }
  const ratios = pairs.map((pair) => {
    const [ours, theirs] = variantsOf(pair)
    return [pair.goal, rate(ours.name) / rate(theirs.name)]
  })
  return {
    title: 'Status',
    tables: [
      {
        title: `${CONNECTIONS} connections`,
        columns: ['read: server', 'responses per second: median (min–max)', 'p50 ms', 'p99 ms', 'max ms'],
        rows: names.map(row),
        note: describeSyncs(rounds),
      },
    ],
    goals: Object.fromEntries(ratios),
    lost: 0,
    charts: [
      {
        name: 'status',
        title: `Status responses per second, ${CONNECTIONS} connections`,
        bars: names.map((name) => ({ name, value: rate(name), isOurs: name.endsWith('this service') })),
      },
    ],
    raw: { results: rounds.results, syncs: rounds.syncs },
  }
}
