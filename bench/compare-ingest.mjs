import { median, milliseconds, spread } from './figures.mjs'
import { runIngest } from './ingest-run.mjs'
import { describeSyncs, inRounds } from './rounds.mjs'

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

/** How fast the first server of a comparison is against another one; undefined where that one answered nothing. */
export function ratioTo({ servers, rates }, server) {
  const index = servers.indexOf(server)
  return rates[index] > 0 ? rates[0] / rates[index] : undefined
}

export function ingestChart({ servers, rates }, name, title) {
  return { name, title, bars: servers.map((server, index) => ({ name: server.name, value: rates[index] })) }
}
