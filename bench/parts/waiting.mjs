// Ten thousand clients that wait: what they cost in memory, how soon a settle reaches its own, what others' settles cost.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { mebibytes, median, milliseconds, share, spread } from '../figures.mjs'
import { countMissing } from '../ingest-run.mjs'
import { ask } from '../load/ask.mjs'
import { bodyOf, deliveryPath } from '../load/deliveries.mjs'
import { generateLoad } from '../load/generate-load.mjs'
import { closeClients, openClients, until } from '../load/open-clients.mjs'
import { residentBytes } from '../machine.mjs'
import { prepareDeliveries } from '../prepare.mjs'
import { describeSyncs, inRounds } from '../rounds.mjs'
import { TRACKER } from '../servers/ingest-servers.mjs'
import { withServer } from '../servers/launch.mjs'

const SETTLES = 200
const SETTLED = /"status":"(success|failed)"/
const WAYS = [
  { name: 'events', title: 'server-sent events', pathOf: (id) => `/assets/${id}/events`, isOpen: /data: / },
  { name: 'wait', title: '`?wait=60`', pathOf: (id) => `/assets/${id}/status?wait=60` },
]

export async function measure(bench) {
  const count = bench.isQuick ? 1_000 : 10_000
  const deliveries = await prepareDeliveries(bench, { runs: 2 })
  let lost = 0
  const rounds = await inRounds(bench, WAYS, async (way) => {
    const result = await runWaiting(bench, deliveries, way, count)
    lost += result.missing
    return result
  })
  return resultOf(rounds, count, lost)
}

async function runWaiting({ folder, seconds, warmUpSeconds, tell }, deliveries, way, count) {
  const own = mkdtempSync(join(folder, 'waiting-'))
  const load = { connections: 64, seconds }
  // The last ones, which no load comes to.
  const first = deliveries.count - count
  try {
    const result = await withServer(TRACKER.start(own, deliveries), async ({ url, pid }) => {
      const warmUp = await generateLoad(url, deliveries, { ...load, seconds: warmUpSeconds })
      const alone = await generateLoad(url, deliveries, { ...load, first: warmUp.sent })
      const before = residentBytes(pid)
      const clients = await openClients(url, { ...way, first, count })
      await sleep(1_000)
      const bytes = residentBytes(pid) - before
      const beside = await generateLoad(url, deliveries, { ...load, first: warmUp.sent + alone.sent })
      const settles = await settleSome(url, clients)
      closeClients(clients)
      return { bytes, alone, beside, settles, loads: [warmUp, alone, beside] }
    })
    tell(`${way.name}: ${mebibytes(result.bytes)} MiB, a settle took ${median(result.settles).toFixed(1)} ms`)
    return { ...result, missing: countMissing(TRACKER, own, { count: first }, result.loads) }
  } finally {
    rmSync(own, { recursive: true })
  }
}

/** Milliseconds from sending a webhook until the client of its asset has been told. */
async function settleSome(url, clients) {
  const times = []
  const step = Math.ceil(clients.length / SETTLES)
  for (let each = 0; each < clients.length; each += step) {
    const client = clients[each]
    const told = until(client, SETTLED)
    const startedAt = performance.now()
    const { status } = await ask(url + deliveryPath(client.index), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: bodyOf(client.index),
    })
    if (status !== 200) throw new Error(`a webhook was answered ${status}`)
    times.push((await told) - startedAt)
  }
  return times
}

function resultOf(rounds, count, lost) {
  const each = (name) => rounds.found.get(name)
  const bytes = (name) => each(name).map((result) => result.bytes)
  const settles = (name) => each(name).flatMap((result) => result.settles)
  const besides = (name) => median(each(name).map(({ beside, alone }) => beside.rate / alone.rate))
  const mib = (name) => median(bytes(name)) / 1024 ** 2
  const settleMs = (name) => median(settles(name))
  return {
    title: `${count.toLocaleString('en')} clients that wait`,
    tables: [
      {
        title: 'Each for an asset of its own',
        columns: [
          'way',
          'MiB more: median (least–most)',
          'settle → client: p50, p99 ms',
          'others’ settles, a second, against nobody waiting',
        ],
        rows: WAYS.map(({ name, title }) => [
          title,
          spread(bytes(name), mebibytes),
          [0.5, 0.99].map((part) => milliseconds(share(settles(name), part) * 1000)).join(', '),
          besides(name).toFixed(2),
        ]),
        note: describeSyncs(rounds),
      },
    ],
    goals: {
      'waiting-events-memory': mib('events'),
      'waiting-wait-memory': mib('wait'),
      'waiting-events-settle': settleMs('events'),
      'waiting-wait-settle': settleMs('wait'),
      'waiting-ingest': Math.min(besides('events'), besides('wait')),
    },
    lost,
    raw: Object.fromEntries(rounds.found),
  }
}
