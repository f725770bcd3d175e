// How many webhooks a second are acknowledged, with how many connections at once, and how long one takes.
import { median, milliseconds, spread } from '../figures.mjs'
import { runIngest } from '../ingest-run.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { describeSyncs, inRounds } from '../rounds.mjs'
import { BARE, EXPRESS, FASTIFY, HONO, ONE_COMMIT, TRACKER } from '../servers/ingest-servers.mjs'

const STAND_BESIDE = {
  1: [TRACKER, ONE_COMMIT, EXPRESS, FASTIFY],
  64: [TRACKER, BARE, HONO, EXPRESS, FASTIFY],
  256: [TRACKER, BARE, HONO, EXPRESS],
}

export async function measure(bench) {
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
    charts: sizes.map((connections) => ({
      name: `ingest-${connections}`,
      title: `Webhooks acknowledged a second, ${connections} connection(s)`,
      bars: compared[connections].table.rows.map(([name], index) => ({
        name,
        value: compared[connections].rates[index],
      })),
    })),
    raw: compared,
  }
}

/** Servers in turns, with so many connections; a table with one row for each. */
export async function compareIngest(bench, servers, requests, connections, env = {}) {
  let lost = 0
  const rounds = await inRounds(bench, servers, async (server) => {
    const own = requests.of?.(server) ?? requests
    const result = await runIngest(bench, server, own, connections, env)
    lost += result.missing ?? 0
    const checked = result.missing === null ? 'nothing stored' : `${result.missing} missing`
    bench.tell(`${connections} × ${server.name}: ${Math.round(result.rate)} a second, ${checked}`)
    return result
  })
  const results = servers.map(({ name }) => rounds.found.get(name))
  const rates = results.map((each) => median(each.map(({ rate }) => rate)))
  const latency = (each, name) => milliseconds(median(each.map((result) => result[name])))
  const rows = servers.map((server, index) => {
    const each = results[index]
    const missing = each.every((result) => result.missing === null)
      ? '–'
      : String(each.reduce((sum, result) => sum + result.missing, 0))
    return [
      server.name,
      server.promises,
      spread(each.map(({ rate }) => rate)),
      (rates[0] / rates[index]).toFixed(2),
      ...['p50', 'p99', 'max'].map((name) => latency(each, name)),
      missing,
    ]
  })
  const table = {
    title: `${connections} connection(s)`,
    columns: [
      'server',
      'its 200 promises',
      'acknowledged a second: median (least–most)',
      'this service against it',
      'p50 ms',
      'p99 ms',
      'max ms',
      'acknowledged, but missing',
    ],
    rows,
    note: describeSyncs(rounds),
  }
  return { table, rates, lost, results: Object.fromEntries(rounds.found), syncs: rounds.syncs, servers }
}

/** How fast the first server of a comparison is against another one. */
export function ratioTo({ servers, rates }, server) {
  const index = servers.indexOf(server)
  return index < 0 ? undefined : rates[0] / rates[index]
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
