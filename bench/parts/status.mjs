// How many status questions a second are answered: of one asset that is asked for again and again, and of many at random.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCapabilityTokens } from '../../dist/tracking/capability-tokens.js'
import { median, milliseconds, spread } from '../figures.mjs'
import { generateLoad } from '../load/generate-load.mjs'
import { getRequest, writeRequests } from '../load/request-file.mjs'
import { describeSyncs, inRounds } from '../rounds.mjs'
import { pickFileIds, takeSeeded } from '../seeding/seeded-file.mjs'
import { launchPeer, launchTracker, withServer } from '../servers/launch.mjs'
import { READER, SECRETS } from '../servers/secrets.mjs'

const CONNECTIONS = 64
const ASSETS = 1_000_000
const MOST_ASKED = 400_000
const PER_NODE = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])
const { status: tokens } = createCapabilityTokens([SECRETS.TRACKER_TOKEN_SECRET])

export async function measure(bench) {
  const own = mkdtempSync(join(bench.folder, 'status-'))
  try {
    const pairs = [...(await repeatedPairs(bench, own)), ...(bench.isQuick ? [] : [randomPair(bench, own)])]
    const rounds = await inRounds(bench, pairs.flatMap(variantsOf), (variant) => ask(bench, variant))
    return resultOf(pairs, rounds)
  } finally {
    rmSync(own, { recursive: true })
  }
}

function ask({ seconds, warmUpSeconds, tell }, { name, requests, start }) {
  return withServer(start(), async ({ url }) => {
    const load = { connections: CONNECTIONS, seconds }
    await generateLoad(url, requests, { ...load, seconds: warmUpSeconds })
    const result = await generateLoad(url, requests, { ...load, first: Math.floor(requests.count / 2) })
    tell(`${name}: ${Math.round(result.rate)} a second`)
    if (result.refused > 0) throw new Error(`${name} was refused`)
    return result
  })
}

function variantsOf({ name, other, requests, start, startOther }) {
  return [
    { name: `${name}: this service`, requests, start },
    { name: `${name}: ${other}`, requests, start: startOther },
  ]
}

/** One asset, asked for in three ways; beside each, a server that knows nothing but the bytes that we answer. */
async function repeatedPairs(bench, own) {
  const path = takeSeeded(bench, 10_000)
  const [fileId] = pickFileIds(path, 1)
  const address = `/assets/${fileId}/status`
  const start = () => launchOn(path, own)
  return withServer(start(), async ({ url }) => {
    const { headers } = await fetch(url + address, { headers: READER })
    const known = { ...READER, 'If-None-Match': headers.get('etag') }
    const ways = [
      { goal: 'status-key', name: 'API key', asked: address, sent: READER },
      { goal: 'status-304', name: '304', asked: address, sent: known },
      { goal: 'status-token', name: 'token', asked: `${address}?token=${tokens.sign(fileId)}`, sent: {} },
    ]
    return Promise.all(
      ways.map(async ({ goal, name, asked, sent }) => {
        const answer = join(own, `${goal}.json`)
        writeFileSync(answer, JSON.stringify(await answerTo(url + asked, sent)))
        const requests = writeRequests(join(own, `${goal}.requests`), 1_000, () => getRequest(asked, sent))
        const startOther = () => launchPeer('bare-status', own, { ANSWER: answer })
        return { goal, name, requests, start, startOther, other: 'node:http, the same bytes (the ceiling)' }
      }),
    )
  })
}

/** Many assets, so many that no cache holds them; beside us, a prepared read of the same database. */
function randomPair(bench, own) {
  const shape = { name: 'assets.db', deliveriesEach: 0, mostRunsEach: 1 }
  const path = takeSeeded(bench, ASSETS, shape)
  const fileIds = pickFileIds(path, MOST_ASKED)
  const requests = writeRequests(join(own, 'random.requests'), fileIds.length, (index) =>
    getRequest(`/assets/${fileIds[index]}/status`, READER),
  )
  return {
    goal: 'status-random',
    name: '1,000,000 assets at random',
    requests,
    start: () => launchOn(path, own),
    startOther: () => launchPeer('express-status', own, { DATABASE: path }),
    other: 'Express, a prepared read',
  }
}

function launchOn(path, own) {
  return launchTracker(own, { DATABASE_URL: `file:${path}` })
}

async function answerTo(url, sent) {
  const answer = await fetch(url, { headers: sent })
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !PER_NODE.has(name)))
  return { status: answer.status, headers, body: await answer.text() }
}

function resultOf(pairs, rounds) {
  const rate = (name) => median(rounds.found.get(name).map((result) => result.rate))
  const variants = pairs.flatMap(variantsOf).map(({ name }) => name)
  const row = (name) => {
    const results = rounds.found.get(name)
    const latency = (which) => milliseconds(median(results.map((result) => result[which])))
    return [
      name,
      spread(results.map((result) => result.rate)),
      latency('p50'),
      latency('p99'),
      latency('max'),
    ]
  }
  const ratios = pairs.map((pair) => {
    const [ours, theirs] = variantsOf(pair).map(({ name }) => rate(name))
    return [pair.goal, ours / theirs]
  })
  return {
    title: 'Status',
    tables: [
      {
        title: `${CONNECTIONS} connections`,
        columns: [
          'question: who answers',
          'answers a second: median (least–most)',
          'p50 ms',
          'p99 ms',
          'max ms',
        ],
        rows: variants.map(row),
        note: describeSyncs(rounds),
      },
    ],
    goals: Object.fromEntries(ratios),
    lost: 0,
    charts: [
      {
        name: 'status',
        title: `Status answers a second, ${CONNECTIONS} connections`,
        bars: variants.map((name) => ({ name, value: rate(name), isOurs: name.endsWith('this service') })),
      },
    ],
    raw: { results: Object.fromEntries(rounds.found), syncs: rounds.syncs },
  }
}
