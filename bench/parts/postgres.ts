// Durable ingest on a PostgreSQL server with one process and with several, and how ingest, status and lists change as runs add up,
// also through PgBouncer.
import { join } from 'node:path'
import { median, milliseconds, quantile, spread, sum, whole } from '../figures.ts'
import { countMissing } from '../ingest-run.ts'
import {
  API_KEY_HEADERS,
  inOwnFolder,
  launchComparison,
  launchTracker,
  OPERATOR_HEADERS,
  type RunningServer,
  withServer,
} from '../launch.ts'
import { generateLoad, generateLoads, get, type Load, numberAfter, waitUntilRead } from '../load.ts'
import { type Core, readCpuSeconds } from '../machine.ts'
import {
  addPending,
  countUpdates,
  createTrackerDatabase,
  findStoredCustomers,
  findStoredDeliveries,
  HAS_PGBOUNCER,
  launchPgbouncer,
  type PostgresServer,
  pickFileIds,
  seed,
  startPostgres,
  type Updates,
  vacuumTables,
} from '../postgres-database.ts'
import type { Chart, PartResult, Table } from '../report.ts'
import { buildGetRequest, type RequestFile, writeRequests } from '../requests.ts'
import {
  type Bench,
  describeSyncs,
  type ExtensionCount,
  inRounds,
  type Order,
  type Rounds,
} from '../rounds.ts'
import type { StoredDelivery } from '../tracker-database.ts'
import { createStripeWorkload, createWorkload, extensionNames, POOL, type Workload } from '../workload.ts'
import { FIRST_PAGES } from './lists.ts'

/** More deliveries than any contender acknowledges on PostgreSQL in a second. */
const MAX_PER_SECOND = 12_000

/** On a shared core, a process reaches its full speed only after this time. N processes need N times as long. */
const WARM_UP_SECONDS_PER_PROCESS = 5

export async function measurePostgres(baseBench: Bench): Promise<PartResult> {
  const bench = baseBench.isQuick ? baseBench : { ...baseBench, warmUpSeconds: WARM_UP_SECONDS_PER_PROCESS }
  const server = await startPostgres()
  try {
    const ingest = await measureIngest(bench, server)
    const growth = await measureGrowth(bench, server)
    return {
      title: 'On PostgreSQL',
      tables: [...ingest.tables, ...growth.tables],
      goals: { ...ingest.goals, ...growth.goals },
      lost: ingest.lost + growth.lost,
      charts: ingest.charts,
      raw: { server: server.description, ingest: ingest.raw, growth: growth.raw },
    }
  } finally {
    await server.stop()
  }
}

/** `template`: the database that is copied for each measurement. For the tracker's webhooks, all runs are pending in it. */
type PostgresWorkload = Workload & { template: string }

type Contender = {
  name: string
  isTracker: boolean
  processes: number
  workload: PostgresWorkload
  start: (folder: string, database: string, core: Core) => Promise<RunningServer[]>
  findStored: (database: string, workload: Workload) => Promise<StoredDelivery[]>
}

/** How many cores were busy on average. */
type Cpu = { service: number; database: number }

/** The figures of all processes of a contender: the sum of their rates, and the latencies of the slowest. */
type Ingest = Pick<Load, 'rate' | 'p50' | 'p99' | 'max'> & {
  missing: number
  cpu: Cpu
  /** The updates of runs; not counted, so zero, for contenders other than the tracker. */
  updates: Updates
}

const BASELINE = 'Fastify, one transaction per request'
/** Where the service and the database run. The load generator always has core 1. */
const PLACES: { core: Core; name: string; text: string }[] = [
  { core: 0, name: 'one-core', text: 'service and database on one core' },
  { core: 'any', name: 'both-cores', text: 'service and database on both cores' },
]

async function measureIngest(bench: Bench, server: PostgresServer) {
  const all = await prepareContenders(bench, server)
  const tables: Table[] = []
  const charts: Chart[] = []
  const raw: { [title: string]: unknown } = {}
  const ratios: { [place: string]: number | undefined } = {}
  const ingests: Ingest[] = []
  const shuffled: Ingest[] = []
  for (const { core, name, text } of PLACES)
    for (const connections of bench.isQuick ? [64] : [64, 256]) {
      await server.moveTo(core)
      const compared =
        connections === 64 ? all : all.filter(({ workload }) => workload.extensions.length === 1)
      const rounds = await inRounds(bench, compared, (contender) =>
        runIngest(bench, server, contender, { connections, core }),
      )
      const title = `${connections} connections, ${text}`
      tables.push(ingestTable(title, compared, rounds, server))
      raw[title] = rounds
      for (const contender of compared) {
        ingests.push(...rounds.resultsOf(contender.name))
        if (contender.isTracker && contender.workload.order === 'shuffled')
          shuffled.push(...rounds.resultsOf(contender.name))
      }
      if (connections !== 64) continue
      // The first contender is the tracker with one process, unless the options exclude all workloads of the tracker.
      ratios[name] = ratioToBaseline(compared[0], compared, rounds)
      const bars = compared.map((contender) => ({
        name: contender.name,
        value: rateOf(contender, rounds),
        isOurs: contender.isTracker,
      }))
      charts.push({ name: `postgres-${name}`, title: `Webhooks acknowledged per second, ${title}`, bars })
    }
  return {
    tables,
    charts,
    raw,
    lost: sum(ingests.map(({ missing }) => missing)),
    goals: {
      'postgres-one-core': ratios['one-core'],
      'postgres-both-cores': ratios['both-cores'],
      'postgres-hot':
        shuffled.length > 0
          ? Math.min(...shuffled.map(({ updates }) => updates.hot / updates.all))
          : undefined,
    },
  }
}

const WORKLOADS: { extensionCount: ExtensionCount; orders: readonly Order[] }[] = [
  { extensionCount: 1, orders: ['upload', 'shuffled'] },
  { extensionCount: 3, orders: ['shuffled'] },
]

async function prepareContenders(bench: Bench, server: PostgresServer): Promise<Contender[]> {
  const workloads: PostgresWorkload[] = []
  for (const { extensionCount, orders } of WORKLOADS) {
    const selectedOrders = orders.filter((order) => bench.orders.includes(order))
    if (selectedOrders.length === 0 || !bench.extensionCounts.includes(extensionCount)) continue
    const extensions = extensionNames(extensionCount)
    // The pool that the shuffled order picks from is full until the end of the measurement.
    const count = POOL + MAX_PER_SECOND * (bench.warmUpSeconds + bench.seconds)
    bench.log(
      `creating a database with ${whole(count)} pending runs, ${extensionCount} extension(s) per submission`,
    )
    const template = await createTrackerDatabase(server)
    const submissions = await addPending(template, { runs: count, extensions })
    await vacuumTables(template)
    for (const order of selectedOrders) {
      const path = join(bench.folder, `postgres-${order}-${extensionCount}`)
      workloads.push({ ...createWorkload(path, submissions, { count, order, extensions }), template })
    }
  }
  const stripe = createStripeWorkload(
    join(bench.folder, 'stripe'),
    MAX_PER_SECOND * (bench.warmUpSeconds + bench.seconds),
  )
  return [
    ...workloads.flatMap((workload) => [
      trackerContender(1, workload),
      trackerContender(4, workload),
      baselineContender(workload),
    ]),
    {
      name: '@supabase/stripe-sync-engine on Fastify, events of Stripe',
      isTracker: false,
      processes: 1,
      workload: { ...stripe, template: await server.createDatabase() },
      start: async (folder, database, core) => [
        await launchComparison('stripe-ingest', folder, { DATABASE: database }, core),
      ],
      findStored: findStoredCustomers,
    },
  ]
}

function trackerContender(processes: number, workload: PostgresWorkload): Contender {
  return {
    name: `this service, ${processes} process${processes === 1 ? '' : 'es'}${describeWorkload(workload)}`,
    isTracker: true,
    processes,
    workload,
    start: (folder, database, core) =>
      Promise.all(
        Array.from({ length: processes }, () => launchTracker(folder, { DATABASE_URL: database }, core)),
      ),
    findStored: (database, { submissions }) => findStoredDeliveries(database, submissions),
  }
}

function baselineContender(workload: PostgresWorkload): Contender {
  return {
    name: `${BASELINE}${describeWorkload(workload)}`,
    isTracker: false,
    processes: 1,
    workload,
    start: async (folder, database, core) => [
      await launchComparison('postgres-ingest', folder, { DATABASE: database }, core),
    ],
    findStored: (database, { submissions }) => findStoredDeliveries(database, submissions),
  }
}

function describeWorkload({ order, extensions }: { order: Order; extensions: string[] }): string {
  return `, ${order === 'upload' ? 'upload order' : 'shuffled'}, ${extensions.length} per submission`
}

/** Runs one contender on a copy of its database. The contender is warm when the measurement starts. */
async function runIngest(
  bench: Bench,
  server: PostgresServer,
  { name, workload, start, findStored, isTracker, processes }: Contender,
  { connections, core }: { connections: number; core: Core },
): Promise<Ingest> {
  const database = await server.createDatabase(workload.template)
  try {
    return await inOwnFolder(bench.folder, async (runFolder) => {
      const running = await start(runFolder, database, core)
      const warmUpSeconds = processes * bench.warmUpSeconds
      const loads = await loadAll({ ...bench, warmUpSeconds }, server, running, {
        workload,
        connections,
      }).finally(() => Promise.all(running.map(({ stop }) => stop())))
      const all = [...loads.warmUp, ...loads.measured]
      const missing = countMissing(await findStored(database, workload), workload, all)
      const acknowledged = sum(all.map((load) => load.acknowledged))
      const updates = isTracker ? await countUpdates(database, acknowledged) : { all: 0, hot: 0 }
      const result = { ...combineLoads(loads.measured), missing, updates, cpu: loads.cpu }
      bench.log(`${connections} × ${name}: ${whole(result.rate)} a second, ${missing} missing`)
      return result
    })
  } finally {
    await server.dropDatabase(database)
  }
}

async function loadAll(
  { warmUpSeconds, seconds }: Bench,
  server: PostgresServer,
  running: readonly RunningServer[],
  { workload, connections }: { workload: RequestFile; connections: number },
) {
  const urls = running.map(({ url }) => url)
  const warmUp = await generateLoads(urls, workload, { connections, seconds: warmUpSeconds })
  const services = running.map(({ pid }) => pid)
  const databases = await server.listProcesses()
  const before = { service: readCpuSeconds(services), database: readCpuSeconds(databases) }
  const measured = await generateLoads(urls, workload, { connections, seconds, first: numberAfter(warmUp) })
  const cpu = {
    service: (readCpuSeconds(services) - before.service) / seconds,
    database: (readCpuSeconds(databases) - before.database) / seconds,
  }
  for (const url of urls) await waitUntilRead(url)
  return { warmUp, measured, cpu }
}

function combineLoads(loads: readonly Load[]): Pick<Load, 'rate' | 'p50' | 'p99' | 'max'> {
  const maxOf = (name: 'p50' | 'p99' | 'max') => Math.max(...loads.map((load) => load[name]))
  return { rate: sum(loads.map(({ rate }) => rate)), p50: maxOf('p50'), p99: maxOf('p99'), max: maxOf('max') }
}

function rateOf({ name }: Contender, rounds: Rounds<Ingest>): number {
  return median(rounds.resultsOf(name).map(({ rate }) => rate))
}

/** The rate divided by that of one transaction per request with the same workload. */
function ratioToBaseline(
  contender: Contender | undefined,
  contenders: readonly Contender[],
  rounds: Rounds<Ingest>,
): number | undefined {
  const compared = contenders.find(
    ({ name, workload }) => workload === contender?.workload && name.startsWith(BASELINE),
  )
  return contender && compared && rateOf(contender, rounds) / rateOf(compared, rounds)
}

function ingestTable(
  title: string,
  contenders: readonly Contender[],
  rounds: Rounds<Ingest>,
  { description }: PostgresServer,
): Table {
  const row = (contender: Contender) => {
    const results = rounds.resultsOf(contender.name)
    const medianOf = (figure: (result: Ingest) => number) => median(results.map(figure))
    const hot = medianOf(({ updates }) => updates.hot / Math.max(updates.all, 1))
    return [
      contender.name,
      spread(results.map(({ rate }) => rate)),
      ratioToBaseline(contender, contenders, rounds)?.toFixed(2) ?? '–',
      milliseconds(medianOf(({ p50 }) => p50)),
      milliseconds(medianOf(({ p99 }) => p99)),
      milliseconds(medianOf(({ max }) => max)),
      `${medianOf(({ cpu }) => cpu.service).toFixed(2)}, ${medianOf(({ cpu }) => cpu.database).toFixed(2)}`,
      contender.isTracker ? `${(100 * hot).toFixed(1)} %` : '–',
      String(sum(results.map(({ missing }) => missing))),
    ]
  }
  return {
    title,
    columns: [
      'server',
      'acknowledged per second: median (min–max)',
      'against one transaction per request',
      'p50 ms',
      'p99 ms',
      'max ms',
      'cores busy: service, PostgreSQL',
      'HOT updates of runs',
      'acknowledged, but missing',
    ],
    rows: contenders.map(row),
    note: `${description}. The load generator has core 1. ${describeSyncs(rounds)}`,
  }
}

const FEW = 10_000
/** A database with this many runs or more is shared by all measurements. A smaller one is copied for each, so that it stays small. */
const LARGE = 50_000
const ASSETS = 4_000
const CONNECTIONS = 64
const ROUND_COUNT = 40
const WARM_UP_ROUNDS = 5

/** A database with `runs` generated runs, to which the tracker connects directly or through PgBouncer (`isPooled`). */
type Sample = { name: string; runs: number; database: string; fileIds: string[]; isPooled: boolean }
/** `pages`: the times of each of `FIRST_PAGES`, in milliseconds. */
type GrowthResult = { ingest: Load & { missing: number }; status: Load; pages: { [name: string]: number[] } }

async function measureGrowth(baseBench: Bench, server: PostgresServer) {
  const bench = { ...baseBench, seconds: Math.ceil(baseBench.seconds / 2) }
  await server.moveTo(0)
  const samples: Sample[] = []
  for (const runs of [FEW, bench.isQuick ? LARGE : bench.mostRuns]) {
    bench.log(`creating a database with ${whole(runs)} runs`)
    const database = await createTrackerDatabase(server)
    await seed(database, runs)
    const databaseSample = { runs, database, fileIds: await pickFileIds(database, ASSETS) }
    samples.push({ ...databaseSample, name: `${whole(runs)} runs`, isPooled: false })
    if (HAS_PGBOUNCER)
      samples.push({ ...databaseSample, name: `${whole(runs)} runs, through PgBouncer`, isPooled: true })
  }
  const rounds = await inRounds(bench, samples, (sample) => runSample(bench, server, sample))
  return growthResult(samples, rounds)
}

function runSample(bench: Bench, server: PostgresServer, sample: Sample): Promise<GrowthResult> {
  return inOwnFolder(bench.folder, async (runFolder) => {
    const isCopied = sample.runs < LARGE
    const database = isCopied ? await server.createDatabase(sample.database) : sample.database
    try {
      const result = sample.isPooled
        ? await withServer(launchPgbouncer(runFolder, database, 0), ({ url }) =>
            measureGrowthOf(
              bench,
              sample,
              runFolder,
              { DATABASE_URL: url, DATABASE_LISTEN_URL: database },
              database,
            ),
          )
        : await measureGrowthOf(bench, sample, runFolder, { DATABASE_URL: database }, database)
      const { ingest, status } = result
      bench.log(`${sample.name}: ${whole(ingest.rate)} webhooks, ${whole(status.rate)} statuses a second`)
      return result
    } finally {
      if (isCopied) await server.dropDatabase(database)
    }
  })
}

/** Adds pending runs and settles them under load, then reads statuses and lists. Afterwards every delivery that was sent is looked up. */
async function measureGrowthOf(
  { seconds, warmUpSeconds }: Bench,
  { fileIds }: Sample,
  runFolder: string,
  env: { DATABASE_URL: string; DATABASE_LISTEN_URL?: string },
  database: string,
): Promise<GrowthResult> {
  const count = MAX_PER_SECOND * (warmUpSeconds + seconds)
  const extensions = ['remove-bg']
  const submissions = await addPending(database, { runs: count, extensions })
  const workload = createWorkload(join(runFolder, 'deliveries'), submissions, { count, extensions })
  const reads = writeRequests(join(runFolder, 'statuses'), fileIds.length, (index) =>
    buildGetRequest(`/assets/${fileIds[index]}/status`, API_KEY_HEADERS),
  )
  const load = { connections: CONNECTIONS, seconds }
  const warmUpLoad = { ...load, seconds: warmUpSeconds }
  const result = await withServer(launchTracker(runFolder, env), async ({ url }) => {
    const warmUp = await generateLoad(url, workload, warmUpLoad)
    const ingest = await generateLoad(url, workload, { ...load, first: warmUp.sent })
    await waitUntilRead(url)
    await generateLoad(url, reads, warmUpLoad)
    const status = await generateLoad(url, reads, load)
    return { warmUp, ingest, status, pages: await timePages(url, fileIds) }
  })
  const { warmUp, ingest, ...read } = result
  const stored = await findStoredDeliveries(database, submissions)
  return { ingest: { ...ingest, missing: countMissing(stored, workload, [warmUp, ingest]) }, ...read }
}

async function timePages(url: string, fileIds: readonly string[]): Promise<GrowthResult['pages']> {
  const pages: GrowthResult['pages'] = {}
  for (const { name, path } of FIRST_PAGES) {
    const times: number[] = []
    for (let round = 0; round < WARM_UP_ROUNDS + ROUND_COUNT; round += 1) {
      const startedAt = performance.now()
      const { status, text } = await get(url + path({ fileId: fileIds[round] ?? '' }), OPERATOR_HEADERS)
      if (status !== 200) throw new Error(`the response to “${name}” was ${status}: ${text}`)
      times.push(performance.now() - startedAt)
    }
    pages[name] = times.slice(WARM_UP_ROUNDS)
  }
  return pages
}

function growthResult(samples: Sample[], rounds: Rounds<GrowthResult>) {
  const direct = samples.filter(({ isPooled }) => !isPooled)
  const [few = '', many = ''] = direct.map(({ name }) => name)
  const medianOf = (name: string, figure: (result: GrowthResult) => number) =>
    median(rounds.resultsOf(name).map(figure))
  const fewByMany = (figure: (result: GrowthResult) => number) =>
    medianOf(few, figure) / medianOf(many, figure)
  const pageMedian = (name: string, list: string) =>
    median(rounds.resultsOf(name).flatMap(({ pages }) => pages[list] ?? []))
  const pageP95 = (name: string, list: string) =>
    quantile(
      rounds.resultsOf(name).flatMap(({ pages }) => pages[list] ?? []),
      0.95,
    )
  const lists = FIRST_PAGES.map(({ name }) => name)
  const results = samples.flatMap(({ name }) => rounds.resultsOf(name))
  const poolerNote = HAS_PGBOUNCER
    ? 'PgBouncer is in transaction mode, with a direct DATABASE_LISTEN_URL.'
    : 'PgBouncer is not installed here, so nothing was measured through it.'
  return {
    tables: [
      {
        title: `With a growing number of runs; ${CONNECTIONS} connections, everything but the load generator on one core`,
        columns: [
          'database',
          'webhooks per second',
          'p50, p99 ms of webhooks',
          `statuses per second, of ${whole(ASSETS)} assets`,
          'p50, p99 ms of statuses',
        ],
        rows: samples.map(({ name }) => [
          name,
          spread(rounds.resultsOf(name).map(({ ingest }) => ingest.rate)),
          `${milliseconds(medianOf(name, ({ ingest }) => ingest.p50))}, ${milliseconds(medianOf(name, ({ ingest }) => ingest.p99))}`,
          spread(rounds.resultsOf(name).map(({ status }) => status.rate)),
          `${milliseconds(medianOf(name, ({ status }) => status.p50))}, ${milliseconds(medianOf(name, ({ status }) => status.p99))}`,
        ]),
        note: `The generated deliveries have no bodies, as after pruning. ${poolerNote} ${describeSyncs(rounds)}`,
      },
      {
        title: 'First pages of lists, one at a time: p50, p95 ms',
        columns: ['list', few, many],
        rows: lists.map((list) => [
          list,
          ...[few, many].map(
            (name) => `${pageMedian(name, list).toFixed(2)}, ${pageP95(name, list).toFixed(2)}`,
          ),
        ]),
      },
    ],
    goals: {
      'postgres-growth-ingest':
        medianOf(many, ({ ingest }) => ingest.rate) / medianOf(few, ({ ingest }) => ingest.rate),
      'postgres-growth-status': fewByMany(({ status }) => status.p50),
      'postgres-growth-status-p99': fewByMany(({ status }) => status.p99),
      'postgres-growth-lists': Math.min(
        ...lists.map((list) => pageMedian(few, list) / pageMedian(many, list)),
      ),
    },
    lost: sum(results.map(({ ingest }) => ingest.missing)),
    raw: rounds.results,
  }
}
