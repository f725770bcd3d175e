// The number of webhooks that are acknowledged per second, and the time that one takes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findAnyFreePort } from '#src/cli/free-port'
import { median } from '../figures.ts'
import type { Figures } from '../goals.ts'
import {
  BARE,
  type Comparison,
  compareIngest,
  EXPRESS,
  FASTIFY,
  GROUP_COMMIT,
  HONO,
  type IngestServer,
  ONE_COMMIT,
  TRACKER,
} from '../ingest-run.ts'
import { launch, launchComparison, SECRETS, slowSyncEnv } from '../launch.ts'
import { isInstalled } from '../machine.ts'
import type { PartResult } from '../report.ts'
import type { Bench, ExtensionCount, Order } from '../rounds.ts'
import { type PreparedWorkload, prepareWorkload, writeGithubRequests } from '../workload.ts'

/** The result of a single round depends as much on other work of the machine as on the program. */
const QUICK_ROUNDS = 3
const AT_64 = [TRACKER, BARE, HONO, EXPRESS, FASTIFY, GROUP_COMMIT]
const AT_256 = [TRACKER, BARE, HONO, EXPRESS]
const AT_1 = [TRACKER, ONE_COMMIT, EXPRESS, FASTIFY]

type Case = { order: Order; extensions: ExtensionCount; comparison: Comparison }

/**
 * Measures each selected order and number of extensions per submission with 64 connections, and upload order with one extension
 * also with 256 connections and with 1, if they are selected. The quick bench measures the orders only with 64 connections and one
 * extension.
 */
export async function measureIngest(bench: Bench): Promise<PartResult> {
  const cases: Case[] = bench.isQuick ? await runQuick(bench) : []
  const others: Comparison[] = []
  if (!bench.isQuick) for (const order of bench.orders) cases.push(...(await runOrder(bench, order)))
  if (!bench.isQuick && bench.orders.includes('upload') && bench.extensionCounts.includes(1)) {
    const workload = await prepareWorkload(bench)
    others.push(...(await compareIngest(bench, AT_256, [workload], { connections: 256 })))
    others.push(...(await compareIngest(bench, AT_1, [workload], { connections: 1 })))
  }
  const comparisons = [...cases.map(({ comparison }) => comparison), ...others]
  const [at256, at1] = others
  return {
    title: 'Durable ingest',
    tables: comparisons.map(({ table }) => table),
    goals: {
      ...goalsOf(cases),
      'ingest-256-bare': at256?.ratioTo(BARE),
      'ingest-1-one-commit': at1?.ratioTo(ONE_COMMIT),
    },
    lost: comparisons.reduce((total, { lost }) => total + lost, 0),
    charts: [
      ...cases.flatMap(chartOf),
      ...(at256 ? [at256.chart('ingest-256', 'Webhooks acknowledged per second, 256 connections')] : []),
      ...(at1 ? [at1.chart('ingest-1', 'Webhooks acknowledged per second, one connection')] : []),
    ],
    raw: comparisons.map(({ table, raw }) => ({ title: table.title, raw })),
  }
}

/** Measures both orders in the same rounds, because there are few rounds; `runOrder` measures one order at a time. */
async function runQuick(baseBench: Bench): Promise<Case[]> {
  const bench = { ...baseBench, rounds: Math.max(baseBench.rounds, QUICK_ROUNDS) }
  const workloads: PreparedWorkload[] = []
  for (const order of bench.orders) workloads.push(await prepareWorkload(bench, { order }))
  const comparisons = await compareIngest(bench, [TRACKER, BARE, EXPRESS], workloads, { connections: 64 })
  return comparisons.map((comparison, index) => ({
    order: workloads[index]?.order ?? 'upload',
    extensions: 1,
    comparison,
  }))
}

async function runOrder(bench: Bench, order: Order): Promise<Case[]> {
  const workloads: PreparedWorkload[] = []
  for (const extensions of bench.extensionCounts)
    workloads.push(await prepareWorkload(bench, { order, extensions }))
  const comparisons = await compareIngest(bench, AT_64, workloads, { connections: 64 })
  return comparisons.map((comparison, index) => ({
    order,
    extensions: bench.extensionCounts[index] ?? 1,
    comparison,
  }))
}

function goalsOf(cases: Case[]): Figures {
  const comparisonOf = (order: Order, extensions: ExtensionCount) =>
    cases.find((one) => one.order === order && one.extensions === extensions)?.comparison
  const [upload, shuffled] = [comparisonOf('upload', 1), comparisonOf('shuffled', 1)]
  const againstOne = (extensions: ExtensionCount) => {
    const many = comparisonOf('shuffled', extensions)
    return many && shuffled && many.rateOf(TRACKER) / shuffled.rateOf(TRACKER)
  }
  const results = upload?.resultsOf(TRACKER)
  return {
    'ingest-64-express': upload?.ratioTo(EXPRESS),
    'ingest-64-bare': upload?.ratioTo(BARE),
    'ingest-64-group-commit': upload?.ratioTo(GROUP_COMMIT),
    'ingest-64-p99': results && median(results.map(({ p99, p50 }) => p99 / p50)),
    'ingest-64-stall': results && Math.max(...results.map(({ max }) => max)) / 1000,
    'shuffled-64-express': shuffled?.ratioTo(EXPRESS),
    'shuffled-64-bare': shuffled?.ratioTo(BARE),
    'shuffled-64-group-commit': shuffled?.ratioTo(GROUP_COMMIT),
    'shuffled-3-extensions': againstOne(3),
    'shuffled-40-extensions': againstOne(40),
  }
}

function chartOf({ order, extensions, comparison }: Case) {
  if (extensions !== 1) return []
  return order === 'upload'
    ? [comparison.chart('ingest-64', 'Webhooks acknowledged per second, 64 connections, upload order')]
    : [comparison.chart('ingest-64-shuffled', 'Webhooks acknowledged per second, 64 connections, shuffled')]
}

const SLOW_SYNC_MICROS = 2_000

/** Ingest on a disk on which each sync takes longer, as on a network volume. */
export async function measureSlowDisk(bench: Bench): Promise<PartResult> {
  const title = 'Ingest on a slow disk'
  if (!isInstalled('cc') || process.platform !== 'linux')
    return { title: `${title}: not measured without Linux and a C compiler`, tables: [], goals: {}, lost: 0 }
  const env = slowSyncEnv(bench.folder, SLOW_SYNC_MICROS)
  const workload = await prepareWorkload(bench)
  const compared = await compareIngest(bench, [TRACKER, EXPRESS], [workload], { connections: 64, env })
  return resultOf(title, compared, {
    heading: `Each sync takes ${SLOW_SYNC_MICROS / 1000} ms longer, 64 connections`,
    chart: ['slow-disk', 'Webhooks acknowledged per second, each sync takes 2 ms longer'],
    goals: ({ ratioTo }) => ({ 'slow-disk-64': ratioTo(EXPRESS) }),
  })
}

/** Ingest from senders that open and close a connection for each delivery. */
export async function measureConnections(bench: Bench): Promise<PartResult> {
  const workload = await prepareWorkload(bench, { headers: { Connection: 'close' } })
  const compared = await compareIngest(bench, [TRACKER, BARE, EXPRESS], [workload], { connections: 64 })
  return resultOf('Ingest with new connections', compared, {
    heading: 'A new connection for each delivery, 64 at once',
    chart: ['connections', 'Webhooks acknowledged per second, a new connection for each'],
    goals: ({ ratioTo }) => ({ 'connections-express': ratioTo(EXPRESS) }),
  })
}

/** After the last of these, the first is sent again: the peers that get them store nothing. */
const GITHUB_REQUESTS = 50_000
/** Debian's `webhook`. */
const WEBHOOK_PROGRAM = process.env['WEBHOOK_PROGRAM'] ?? 'webhook'

/** Compares with alternatives that can be installed. Each gets signed requests in its own format, with bodies of the same size. */
export async function measurePeers(bench: Bench): Promise<PartResult> {
  const write = (name: string, target: string) =>
    writeGithubRequests(join(bench.folder, `${name}.requests`), GITHUB_REQUESTS, target)
  const octokit: IngestServer = {
    name: '@octokit/webhooks on node:http',
    promise: 'its handlers were called',
    start: (folder, _workload, env) => launchComparison('octokit-ingest', folder, env),
    requests: write('octokit', '/'),
  }
  const debian: IngestServer = {
    name: 'Debian’s webhook, running /bin/true',
    promise: 'a command will be started',
    start: startDebianWebhook,
    requests: write('debian', '/hooks/bench'),
  }
  const hasDebian = isInstalled(WEBHOOK_PROGRAM)
  const servers = [TRACKER, BARE, octokit, ...(hasDebian ? [debian] : [])]
  const workload = await prepareWorkload(bench)
  const compared = await compareIngest(bench, servers, [workload], { connections: 64 })
  return resultOf('Installable peers', compared, {
    chart: ['peers', 'Webhooks acknowledged per second, 64 connections'],
    ...(!hasDebian && { note: 'Debian’s `webhook` is not installed here, so it was not measured.' }),
  })
}

const HOOK = {
  id: 'bench',
  'execute-command': '/bin/true',
  // By default a wrong signature gets a 200 too.
  'trigger-rule-mismatch-http-response-code': 403,
  'trigger-rule': {
    match: {
      type: 'payload-hmac-sha256',
      secret: SECRETS.TRACKER_TOKEN_SECRET,
      parameter: { source: 'header', name: 'X-Hub-Signature-256' },
    },
  },
}

/** https://github.com/adnanh/webhook responds without waiting for the command of the hook, which it starts concurrently. */
async function startDebianWebhook(folder: string) {
  const hooks = join(folder, 'hooks.json')
  writeFileSync(hooks, JSON.stringify([HOOK]))
  const port = await findAnyFreePort()
  const command = [WEBHOOK_PROGRAM, '-hooks', hooks, '-ip', '127.0.0.1', '-port', String(port), '-verbose']
  // The pattern must capture something, and not every version prints the URL here: it is built below.
  const server = await launch(command, folder, {}, { listening: /(serving hooks) on/ })
  // The program may print this line before it listens.
  await sleep(100)
  return { ...server, url: `http://127.0.0.1:${port}` }
}

/** The result of a part that compares servers with one workload. */
function resultOf(
  title: string,
  [compared]: Comparison[],
  options: {
    heading?: string
    note?: string
    chart: [name: string, title: string]
    goals?: (compared: Comparison) => Figures
  },
): PartResult {
  if (compared === undefined) throw new Error('nothing was compared')
  const { table, lost, raw } = compared
  const note = [table.note, options.note].filter(Boolean).join(' ')
  return {
    title,
    tables: [{ ...table, title: options.heading ?? table.title, note }],
    goals: options.goals?.(compared) ?? {},
    lost,
    charts: [compared.chart(...options.chart)],
    raw,
  }
}
