// Measures how fast servers acknowledge deliveries, one server after another. Afterwards every delivery that was sent is looked up
// in the server's database, if it has one.
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { median, milliseconds, spread, sum } from './figures.ts'
import {
  type Env,
  inOwnFolder,
  launchComparison,
  launchTracker,
  type RunningServer,
  withServer,
} from './launch.ts'
import { generateLoad, type Load, waitUntilRead } from './load.ts'
import { syncFile } from './machine.ts'
import {
  createGroupCommitDatabase,
  findStoredByGroupCommit,
  findStoredByOneCommit,
} from './peer-databases.ts'
import type { Chart, Table } from './report.ts'
import type { RequestFile } from './requests.ts'
import { type Bench, describeSyncs, inRounds } from './rounds.ts'
import { copyDatabase, findStoredDeliveries, type StoredDelivery } from './tracker-database.ts'
import type { PreparedWorkload, Workload } from './workload.ts'

export type IngestServer = {
  name: string
  /** What its 200 promises. */
  promise: string
  start: (folder: string, workload: PreparedWorkload, env: Env) => Promise<RunningServer>
  /** Undefined for a server that stores nothing. */
  findStored?: (folder: string, workload: Workload) => StoredDelivery[]
  /** Replaces the requests of the workload, for a server that accepts only signed requests in another format. */
  requests?: RequestFile
}

export const TRACKER = {
  name: 'this service',
  promise: 'on disk',
  start(folder: string, { template }: PreparedWorkload, env: Env = {}) {
    copyDatabase(template, join(folder, 'tracker.db'))
    return launchTracker(folder, env)
  },
  findStored: (folder: string, { submissions }: Workload) =>
    findStoredDeliveries(join(folder, 'tracker.db'), submissions),
} satisfies IngestServer

export const BARE = nonStoringServer('node:http, storing nothing (the ceiling)', 'bare-ingest')
export const HONO = nonStoringServer('Hono, storing nothing', 'hono-ingest')
export const EXPRESS = oneTransactionServer('Express, one transaction per request', 'express-ingest')
export const FASTIFY = oneTransactionServer('Fastify, one transaction per request', 'fastify-ingest')
export const ONE_COMMIT = oneTransactionServer('node:http, one transaction per request', 'one-commit-ingest')

/** The paths of the databases that were created for `GROUP_COMMIT`; each measurement starts with a copy of one. */
const groupCommitTemplates = new Set<string>()

/** Much of the tracker's gain over one transaction per request comes from batching, so this peer batches too. */
export const GROUP_COMMIT: IngestServer = {
  name: 'node:http, group commit',
  promise: 'on disk',
  start(folder, workload, env) {
    const template = `${workload.template}.group-commit`
    if (!groupCommitTemplates.has(template)) {
      rmSync(template, { force: true })
      createGroupCommitDatabase(template, workload)
      groupCommitTemplates.add(template)
    }
    const path = join(folder, 'peer.db')
    copyFileSync(template, path)
    syncFile(path)
    return launchComparison('group-commit-ingest', folder, env)
  },
  findStored: (folder, { submissions }) => findStoredByGroupCommit(join(folder, 'peer.db'), submissions),
}

function nonStoringServer(name: string, program: string): IngestServer {
  return {
    name,
    promise: 'nothing',
    start: (folder, _workload, env) => launchComparison(program, folder, env),
  }
}

function oneTransactionServer(name: string, program: string): IngestServer {
  return {
    name,
    promise: 'on disk',
    start: (folder, _workload, env) => launchComparison(program, folder, env),
    findStored: (folder) => findStoredByOneCommit(join(folder, 'peer.db')),
  }
}

/** `missing`: the result of `countMissing`; null for a server that stores nothing. */
type IngestResult = Load & { missing: number | null }

/** Over one connection, a server would get too few requests for V8 to optimise it before the measurement. */
const WARM_UP_CONNECTIONS = 64

/** Runs one server with one workload. The server is warm when the measurement starts. */
async function runIngest(
  { folder, seconds, warmUpSeconds }: Bench,
  server: IngestServer,
  workload: PreparedWorkload,
  { connections, env = {} }: IngestOptions,
): Promise<IngestResult> {
  const requests = server.requests ?? workload
  return inOwnFolder(folder, async (runFolder) => {
    const loads = await withServer(server.start(runFolder, workload, env), async ({ url }) => {
      const warmUp = await generateLoad(url, requests, {
        connections: WARM_UP_CONNECTIONS,
        seconds: warmUpSeconds,
      })
      const measured = await generateLoad(url, requests, { connections, seconds, first: warmUp.sent })
      if (server.findStored !== undefined) await waitUntilRead(url)
      return { warmUp, measured }
    })
    const stored = server.findStored?.(runFolder, workload)
    const missing = stored === undefined ? null : countMissing(stored, workload, Object.values(loads))
    return { ...loads.measured, missing }
  })
}

/**
 * Counts lost deliveries. Every delivery that was sent must be stored, even if the generator did not wait for its response:
 * `waitUntilRead` makes sure that the server has read it. The generator reports how many requests were rejected or broken, not which:
 * that many may be missing. At least as many deliveries must be stored as were acknowledged.
 */
export function countMissing(stored: StoredDelivery[], workload: Workload, loads: readonly Load[]): number {
  const total = (name: 'sent' | 'rejected' | 'broken' | 'acknowledged') =>
    sum(loads.map((load) => load[name]))
  const keys = new Set(stored.map(keyOf))
  let missing = 0
  for (const { first, stride, sent } of loads)
    for (let index = first; index < first + sent * stride; index += stride) {
      if (index >= workload.count) throw new Error(`${workload.count} prepared deliveries were too few`)
      if (!keys.has(keyOf(workload.runAt(index)))) missing += 1
    }
  const storedCount = total('sent') - missing
  return Math.max(missing - total('rejected') - total('broken'), total('acknowledged') - storedCount, 0)
}

function keyOf({ submissionId, extension }: StoredDelivery): string {
  return `${submissionId} ${extension}`
}

type IngestOptions = { connections: number; env?: Env }

/** The results of the servers with one workload. */
export type Comparison = {
  table: Table
  /** The deliveries that `countMissing` counts as lost, at all servers together. */
  lost: number
  /** The results of one server, one for each round. */
  resultsOf: (server: IngestServer) => IngestResult[]
  /** The median rate. */
  rateOf: (server: IngestServer) => number
  /** The rate of the tracker divided by that of a server; undefined if the server was not run or acknowledged nothing. */
  ratioTo: (server: IngestServer) => number | undefined
  chart: (name: string, title: string) => Chart
  raw: unknown
}

/** Measures all servers with all workloads in the same rounds. Returns one comparison for each workload. */
export async function compareIngest(
  bench: Bench,
  servers: readonly IngestServer[],
  workloads: readonly PreparedWorkload[],
  options: IngestOptions,
): Promise<Comparison[]> {
  const { connections } = options
  const variants = workloads.flatMap((workload) =>
    servers.map((server) => ({ name: variantName(server, workload), server, workload })),
  )
  const rounds = await inRounds(bench, variants, async ({ name, server, workload }) => {
    const result = await runIngest(bench, server, workload, options)
    const missingText = result.missing === null ? 'nothing stored' : `${result.missing} missing`
    bench.log(`${connections} × ${name}: ${Math.round(result.rate)} a second, ${missingText}`)
    return result
  })
  return workloads.map((workload) => {
    const resultsOf = (server: IngestServer) => rounds.resultsOf(variantName(server, workload))
    const rateOf = (server: IngestServer) => median(resultsOf(server).map(({ rate }) => rate))
    const missingOf = (server: IngestServer) => sum(resultsOf(server).map(({ missing }) => missing ?? 0))
    const ratioTo = (server: IngestServer) => {
      if (!servers.includes(server)) return undefined
      const rate = rateOf(server)
      return rate > 0 ? rateOf(TRACKER) / rate : undefined
    }
    const latency = (server: IngestServer, name: 'p50' | 'p99' | 'max') =>
      milliseconds(median(resultsOf(server).map((result) => result[name])))
    const table = {
      title: `${connections} connection(s), ${describeWorkload(workload)}`,
      columns: [
        'server',
        'its 200 promises',
        'acknowledged per second: median (min–max)',
        'this service against it',
        'p50 ms',
        'p99 ms',
        'max ms',
        'acknowledged, but missing',
      ],
      rows: servers.map((server) => [
        server.name,
        server.promise,
        spread(resultsOf(server).map(({ rate }) => rate)),
        ratioTo(server)?.toFixed(2) ?? '–',
        latency(server, 'p50'),
        latency(server, 'p99'),
        latency(server, 'max'),
        server.findStored === undefined ? '–' : String(missingOf(server)),
      ]),
      note: describeSyncs(rounds),
    }
    return {
      table,
      lost: sum(servers.map(missingOf)),
      resultsOf,
      rateOf,
      ratioTo,
      chart: (name, title) => ({
        name,
        title,
        bars: servers.map((server) => ({ name: server.name, value: rateOf(server) })),
      }),
      raw: {
        results: Object.fromEntries(servers.map((server) => [server.name, resultsOf(server)])),
        syncs: rounds.syncs,
      },
    }
  })
}

function variantName(server: IngestServer, { order, extensions }: Workload): string {
  return `${server.name}, ${order} order, ${extensions.length} per submission`
}

function describeWorkload({ order, extensions }: Workload): string {
  const orderText = order === 'upload' ? 'upload order' : 'shuffled over 100,000 pending runs'
  return `${orderText}, ${extensions.length} extension(s) per submission`
}
