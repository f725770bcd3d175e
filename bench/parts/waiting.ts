// Ten thousand waiting clients (a thousand in the quick bench): the memory that they take in the service, how soon a client receives
// the status of its settled run, and how much they slow down webhooks for other assets.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { mebibytes, median, milliseconds, quantile, spread, sum } from '../figures.ts'
import { countMissing, TRACKER } from '../ingest-run.ts'
import { API_KEY_HEADERS, inOwnFolder, withServer } from '../launch.ts'
import { generateLoad, inParallel, type Load, post, waitUntilRead } from '../load.ts'
import { residentBytes } from '../machine.ts'
import type { PartResult } from '../report.ts'
import { buildGetRequest } from '../requests.ts'
import { type Bench, describeSyncs, inRounds, type Rounds } from '../rounds.ts'
import { deliveryFor, type PendingRun, type PreparedWorkload, prepareWorkload } from '../workload.ts'

/** At most this many clients have their run settled, to measure how soon they receive the status. */
const SETTLED_CLIENTS = 200
const OPEN_CONCURRENCY = 100
const SETTLED_STATUS = /"status":"(success|failed)"/

type MethodName = 'events' | 'wait'
type WaitMethod = {
  name: MethodName
  title: string
  pathOf: (fileId: string) => string
  /** Matches the text that a client receives once it is registered. A `?wait=` client receives nothing before its response. */
  registered?: RegExp
}

const METHODS: WaitMethod[] = [
  {
    name: 'events',
    title: 'server-sent events',
    pathOf: (id) => `/assets/${id}/events`,
    registered: /data: /,
  },
  { name: 'wait', title: '`?wait=60`', pathOf: (id) => `/assets/${id}/status?wait=60` },
]

type Result = {
  /** The resident memory of the service that the clients added. */
  bytes: number
  /** The load of webhooks before the clients connected. */
  withoutClients: Load
  /** The load of webhooks for other assets, while the clients waited. */
  withClients: Load
  /** The milliseconds from sending a webhook until its client received the status. */
  settleTimes: number[]
  /** The lost deliveries of the loads: see `countMissing`. */
  missing: number
}

export async function measureWaiting(bench: Bench): Promise<PartResult> {
  const count = bench.isQuick ? 1_000 : 10_000
  const workload = await prepareWorkload(bench, { measurements: 2 })
  const rounds = await inRounds(bench, METHODS, (method) => runWaiting(bench, workload, method, count))
  return resultOf(rounds, count)
}

function runWaiting(
  bench: Bench,
  workload: PreparedWorkload,
  method: WaitMethod,
  count: number,
): Promise<Result> {
  const { seconds, warmUpSeconds, log } = bench
  const load = { connections: 64, seconds }
  // The clients wait for the last runs, which the load does not reach.
  const firstAwaited = workload.count - count
  return inOwnFolder(bench.folder, async (runFolder) => {
    const { loads, ...result } = await withServer(
      TRACKER.start(runFolder, workload),
      async ({ url, pid }) => {
        const warmUp = await generateLoad(url, workload, { ...load, seconds: warmUpSeconds })
        const withoutClients = await generateLoad(url, workload, { ...load, first: warmUp.sent })
        const before = residentBytes(pid)
        const clients = await openClients(url, workload, method, { first: firstAwaited, count })
        // A `?wait=` client gets no sign that it is registered, so give the service time to read all requests.
        await sleep(1_000)
        const bytes = residentBytes(pid) - before
        const withClients = await generateLoad(url, workload, {
          ...load,
          first: warmUp.sent + withoutClients.sent,
        })
        await waitUntilRead(url)
        const settleTimes = await settleSome(url, clients)
        for (const { socket } of clients) socket.destroy()
        const loads = [warmUp, withoutClients, withClients]
        return { bytes, withoutClients, withClients, settleTimes, loads }
      },
    )
    log(
      `${method.name}: ${mebibytes(result.bytes)} MiB, the median client had its status after ${median(result.settleTimes).toFixed(1)} ms`,
    )
    const stored = TRACKER.findStored(runFolder, workload)
    return { ...result, missing: countMissing(stored, { ...workload, count: firstAwaited }, loads) }
  })
}

/** A plain socket, because ten thousand of them must cost this process little. `onData` is called after each chunk. */
type Client = { socket: Socket; run: PendingRun; text: string; onData: () => void }

async function openClients(
  url: string,
  workload: PreparedWorkload,
  { pathOf, registered }: WaitMethod,
  { first, count }: { first: number; count: number },
): Promise<Client[]> {
  const { hostname, port } = new URL(url)
  const clients: Client[] = []
  await inParallel(count, OPEN_CONCURRENCY, async (index) => {
    const run = workload.runAt(first + index)
    const socket = connect({ host: hostname, port: Number(port) })
    await once(socket, 'connect')
    const client: Client = { socket, run, text: '', onData: () => {} }
    socket.on('data', (chunk) => {
      client.text += chunk.toString()
      client.onData()
    })
    socket.on('error', () => {})
    socket.write(buildGetRequest(pathOf(run.fileId), API_KEY_HEADERS))
    if (registered !== undefined) await whenReceived(client, registered)
    clients.push(client)
  })
  return clients
}

/** Resolves with the time at which the text that the client has received first matches. */
function whenReceived(client: Client, pattern: RegExp): Promise<number> {
  return new Promise((resolve) => {
    client.onData = () => {
      if (pattern.test(client.text)) resolve(performance.now())
    }
    client.onData()
  })
}

/**
 * Settles the runs of some clients, one after another. Resolves with the milliseconds from sending each webhook until its client
 * received the status.
 */
async function settleSome(url: string, clients: Client[]): Promise<number[]> {
  const step = Math.ceil(clients.length / SETTLED_CLIENTS)
  const times: number[] = []
  for (const client of clients.filter((_, index) => index % step === 0)) {
    const settled = whenReceived(client, SETTLED_STATUS)
    const { path, body } = deliveryFor(client.run)
    const startedAt = performance.now()
    const status = await post(url + path, {}, body)
    if (status !== 200) throw new Error(`the response to a webhook was ${status}`)
    times.push((await settled) - startedAt)
  }
  return times
}

function resultOf(rounds: Rounds<Result>, count: number): PartResult {
  const bytes = (name: MethodName) => rounds.resultsOf(name).map((result) => result.bytes)
  const settleTimes = (name: MethodName) => rounds.resultsOf(name).flatMap((result) => result.settleTimes)
  const rateRatio = (name: MethodName) =>
    median(
      rounds.resultsOf(name).map(({ withClients, withoutClients }) => withClients.rate / withoutClients.rate),
    )
  const mib = (name: MethodName) => median(bytes(name)) / 1024 ** 2
  return {
    title: `${count.toLocaleString('en')} waiting clients`,
    tables: [
      {
        title: 'Each client waits for a different asset',
        columns: [
          'clients',
          'added MiB: median (min–max)',
          'settle → client: p50, p99 ms',
          'other webhooks per second, compared with no clients',
        ],
        rows: METHODS.map(({ name, title }) => [
          title,
          spread(bytes(name), mebibytes),
          [0.5, 0.99].map((share) => milliseconds(quantile(settleTimes(name), share) * 1000)).join(', '),
          rateRatio(name).toFixed(2),
        ]),
        note: describeSyncs(rounds),
      },
    ],
    goals: {
      'waiting-events-memory': mib('events'),
      'waiting-wait-memory': mib('wait'),
      'waiting-events-settle': median(settleTimes('events')),
      'waiting-wait-settle': median(settleTimes('wait')),
      'waiting-ingest': Math.min(rateRatio('events'), rateRatio('wait')),
    },
    lost: sum(METHODS.flatMap(({ name }) => rounds.resultsOf(name).map(({ missing }) => missing))),
    raw: rounds.results,
  }
}
