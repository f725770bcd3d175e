// How many webhooks a second are acknowledged, with how many connections at once, and how long one takes.
import { compareIngest, ingestChart, ratioTo } from '../compare-ingest.mjs'
import { median } from '../figures.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { BARE, EXPRESS, FASTIFY, HONO, ONE_COMMIT, TRACKER } from '../servers/ingest-servers.mjs'

const STAND_BESIDE = {
  1: [TRACKER, ONE_COMMIT, EXPRESS, FASTIFY],
  64: [TRACKER, BARE, HONO, EXPRESS, FASTIFY],
  256: [TRACKER, BARE, HONO, EXPRESS],
}

/** Of one round the machine decides as much as the program. */
const QUICK_ROUNDS = 5

export async function measure(given) {
  const bench = given.isQuick ? { ...given, rounds: QUICK_ROUNDS } : given
  const requests = await prepareDeliveries(bench)
  const sizes = bench.isQuick ? [64] : [64, 256, 1]
  const compared = {}
  for (const connections of sizes) {
    const servers = STAND_BESIDE[connections].filter((server) => !(bench.isQuick && server === FASTIFY))
    compared[connections] = await compareIngest(bench, servers, requests, connections)
  }
  return {
    title: 'Durable ingest',
    tables: sizes.map((connections) => compared[connections].table),
    goals: Object.assign({}, ...sizes.map((connections) => goalsOf(compared[connections], connections))),
    lost: sizes.reduce((sum, connections) => sum + compared[connections].lost, 0),
    charts: sizes.map((connections) => {
      const title = `Webhooks acknowledged a second, ${connections} connection(s)`
      return ingestChart(compared[connections], `ingest-${connections}`, title)
    }),
    raw: compared,
  }
}

function goalsOf(compared, connections) {
  const own = compared.results[TRACKER.name]
  if (connections === 1) return { 'ingest-1-one-commit': ratioTo(compared, ONE_COMMIT) }
  const against = {
    [`ingest-${connections}-bare`]: ratioTo(compared, BARE),
    [`ingest-${connections}-hono`]: ratioTo(compared, HONO),
  }
  if (connections !== 64) return against
  return {
    ...against,
    'ingest-64-express': ratioTo(compared, EXPRESS),
    'ingest-64-p99': median(own.map(({ p99, p50 }) => p99 / p50)),
    'ingest-64-stall': Math.max(...own.map(({ max }) => max)) / 1000,
  }
}
