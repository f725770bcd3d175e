// The number of status reads that are served per second: of one asset that is read repeatedly, and of many at random.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCapabilityTokens } from '#src/tracking/capability-tokens'
import { median, milliseconds, spread } from '../figures.ts'
import type { GoalId } from '../goals.ts'
import {
  type Env,
  inOwnFolder,
  launchPeer,
  launchTracker,
  READER,
  type RunningServer,
  SECRETS,
  withServer,
} from '../launch.ts'
import { generateLoad, type Load } from '../load.ts'
import type { PartResult } from '../report.ts'
import { getRequest, type Headers, type RequestFile, writeRequests } from '../requests.ts'
import { type Bench, describeSyncs, inRounds, type Rounds } from '../rounds.ts'
import { pickFileIds, seededDatabase } from '../tracker-database.ts'

const CONNECTIONS = 64
const ASSETS = 1_000_000
const MAX_READ = 400_000
const SET_BY_NODE = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])
const { status: tokens } = createCapabilityTokens([SECRETS.TRACKER_TOKEN_SECRET])

/** The tracker and another server, which serve the same requests. */
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
  return inOwnFolder(bench.folder, async (own) => {
    const pairs = [...(await repeatedPairs(bench, own)), ...(bench.isQuick ? [] : [randomPair(bench, own)])]
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
    const result = await generateLoad(url, requests, { ...load, first: Math.floor(requests.count / 2) })
    log(`${name}: ${Math.round(result.rate)} a second`)
    if (result.rejected > 0) throw new Error(`${name} was rejected`)
    return result
  })
}

function variantsOf({ name, other, requests, start, startOther }: Pair): [ours: Variant, theirs: Variant] {
  return [
    { name: `${name}: this service`, requests, start },
    { name: `${name}: ${other}`, requests, start: startOther },
  ]
}

/** One asset, read in three ways. Each is compared with a server that sends the same bytes. */
async function repeatedPairs(bench: Bench, own: string): Promise<Pair[]> {
  const path = seededDatabase(bench, 10_000)
  const [fileId = ''] = pickFileIds(path, 1)
  const address = `/assets/${fileId}/status`
  const start = () => launchTracker(own, databaseAt(path))
  return withServer(start(), async ({ url }) => {
    const { headers } = await fetch(url + address, { headers: READER })
    const known = { ...READER, 'If-None-Match': headers.get('etag') ?? '' }
    const reads: { goal: GoalId; name: string; target: string; sent: Headers }[] = [
      { goal: 'status-key', name: 'API key', target: address, sent: READER },
      { goal: 'status-304', name: '304', target: address, sent: known },
      { goal: 'status-token', name: 'token', target: `${address}?token=${tokens.sign(fileId)}`, sent: {} },
    ]
    return Promise.all(
      reads.map(async ({ goal, name, target, sent }) => {
        const response = join(own, `${goal}.json`)
        writeFileSync(response, JSON.stringify(await responseOf(url + target, sent)))
        const requests = writeRequests(join(own, `${goal}.requests`), 1_000, () => getRequest(target, sent))
        const startOther = () => launchPeer('bare-status', own, { RESPONSE: response })
        return { goal, name, requests, start, startOther, other: 'node:http, the same bytes (the ceiling)' }
      }),
    )
  })
}

/** More assets than any cache keeps, compared with a prepared read of the same database. */
function randomPair(bench: Bench, own: string): Pair {
  const shape = { name: 'assets.db', deliveriesEach: 0, maxRunsEach: 1 }
  const path = seededDatabase(bench, ASSETS, shape)
  const fileIds = pickFileIds(path, MAX_READ)
  const requests = writeRequests(join(own, 'random.requests'), fileIds.length, (index) =>
    getRequest(`/assets/${fileIds[index]}/status`, READER),
  )
  return {
    goal: 'status-random',
    name: '1,000,000 assets at random',
    requests,
    start: () => launchTracker(own, databaseAt(path)),
    startOther: () => launchPeer('express-status', own, { DATABASE: path }),
    other: 'Express, a prepared read',
  }
}

function databaseAt(path: string): Env {
  return { DATABASE_URL: `file:${path}` }
}

async function responseOf(url: string, sent: Headers) {
  const response = await fetch(url, { headers: sent })
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
