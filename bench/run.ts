// `npm run bench` measures everything and writes docs/benchmarks.md and docs/benchmark-tables.md. `npm run bench -- PART…` measures some
// parts and writes no document. Both fail if an acknowledged delivery was lost.
//   --quick           measures for a shorter time, and also fails if a figure collapses; without PART only what CI checks, in about three
//                     minutes
//   --order O         measures ingest in one order only: upload or shuffled
//   --extensions N    measures ingest with N extensions per submission only: 1, 3 or 40
//   --runs N          the number of runs in the largest database; without effect on the quick bench
//   --folder PATH     creates the databases of SQLite in this folder; later benches with it reuse those with generated runs
//   --rounds N, --seconds N    the number of rounds, and the length of a measurement
//   --document        writes both documents, with the latest stored figures of each part
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { collapseText, GOALS } from './goals.ts'
import { describeGenerator } from './load.ts'
import { describeCommit, describeMachine, describePinning, describeVersions } from './machine.ts'
import { measureDisk } from './parts/disk.ts'
import { measureGrowth } from './parts/growth.ts'
import { measureConnections, measureIngest, measurePeers, measureSlowDisk } from './parts/ingest.ts'
import { measureLists } from './parts/lists.ts'
import { measureMemory } from './parts/memory.ts'
import { measureMixed } from './parts/mixed.ts'
import { measurePostgres } from './parts/postgres.ts'
import { measureStart } from './parts/start.ts'
import { measureStatus } from './parts/status.ts'
import { measureUploads } from './parts/uploads.ts'
import { measureWaiting } from './parts/waiting.ts'
import { goalTable, type PartResult, partText, type StoredResult, writeDocument } from './report.ts'
import { type Bench, EXTENSION_COUNTS, ORDERS } from './rounds.ts'

const PARTS = {
  ingest: measureIngest,
  'slow-disk': measureSlowDisk,
  connections: measureConnections,
  peers: measurePeers,
  status: measureStatus,
  mixed: measureMixed,
  waiting: measureWaiting,
  memory: measureMemory,
  uploads: measureUploads,
  growth: measureGrowth,
  start: measureStart,
  disk: measureDisk,
  lists: measureLists,
  postgres: measurePostgres,
} satisfies { [name: string]: (bench: Bench) => Promise<PartResult> }

type PartName = keyof typeof PARTS
const ALL = Object.keys(PARTS).filter(isPart)
const QUICK: PartName[] = ['ingest', 'slow-disk', 'status', 'mixed', 'uploads']
/** The folder of each part's latest result; git ignores it. */
const RESULTS = fileURLToPath(new URL('../bench/results/', import.meta.url))

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    document: { type: 'boolean', default: false },
    order: { type: 'string' },
    extensions: { type: 'string' },
    runs: { type: 'string', default: '1000000' },
    folder: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const unknownPart = positionals.find((name) => !isPart(name))
if (unknownPart !== undefined) throw new Error(`unknown part ${unknownPart}; the parts are ${ALL.join(', ')}`)

const named = positionals.filter(isPart)
const runsAllParts = named.length === 0 && !options.quick
const parts = named.length > 0 ? named : options.quick ? QUICK : ALL
// Not in the system's temporary folder, which may be in memory, where a sync costs nothing.
mkdirSync(options.folder ?? RESULTS, { recursive: true })
const folder = options.folder ?? mkdtempSync(join(RESULTS, 'work-'))
const bench: Bench = {
  folder,
  isQuick: options.quick,
  mostRuns: Number(options.runs),
  orders: selectValues('order', ORDERS, options.order),
  extensionCounts: selectValues('extensions', EXTENSION_COUNTS, options.extensions),
  rounds: Number(options.rounds ?? (options.quick ? 1 : 3)),
  seconds: Number(options.seconds ?? (options.quick ? 2 : 5)),
  maxVoidRounds: options.quick ? 1 : 3,
  warmUpSeconds: options.quick ? 1 : 2,
  log: (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`),
}
const circumstances = {
  at: new Date().toISOString(),
  commit: describeCommit(),
  machine: describeMachine(folder),
  versions: describeVersions(),
  method: `Load by ${describeGenerator()}; ${describePinning()}.`,
}

console.log(Object.values(circumstances).join('\n'))
let lost = 0
const collapsed: string[] = []
try {
  for (const name of parts) {
    bench.log(name)
    const result = await measurePart(name)
    lost += result.lost
    console.log(`\n${partText(result)}\n\n${goalTable(result.goals, { onlyMeasured: true })}`)
    if (!bench.isQuick) storeResult(name, { circumstances, ...result })
  }
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true })
}
console.log(`\nAcknowledged deliveries that were lost: ${lost}.`)
for (const text of collapsed) console.log(`Collapsed: ${text}`)
if (runsAllParts || options.document) writeDocument(loadResults(), circumstances)
process.exitCode = lost > 0 || collapsed.length > 0 ? 1 : 0

/** The quick bench measures a second time before it reports a collapse, because other work on the machine can cause one. */
async function measurePart(name: PartName): Promise<PartResult> {
  const result = await PARTS[name](bench)
  const suspects = bench.isQuick ? selectCollapsed(GOALS, result) : []
  if (suspects.length === 0) return result
  bench.log(`measuring ${name} again`)
  const again = await PARTS[name](bench)
  for (const goal of selectCollapsed(suspects, again))
    collapsed.push(`${goal.what}: ${collapseText(goal, again.goals[goal.id])}`)
  return { ...again, lost: result.lost + again.lost }
}

function selectCollapsed(among: typeof GOALS, { goals }: PartResult): typeof GOALS {
  return among.filter((goal) => collapseText(goal, goals[goal.id]) !== undefined)
}

function storeResult(name: PartName, result: StoredResult): void {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(`${RESULTS}${name}.json`, `${JSON.stringify(result, null, 2)}\n`)
}

/** The latest stored result of every part that has one. */
function loadResults(): StoredResult[] {
  return ALL.map((name) => `${RESULTS}${name}.json`)
    .filter((path) => existsSync(path))
    .map((path): StoredResult => JSON.parse(readFileSync(path, 'utf8')))
}

function isPart(name: string): name is PartName {
  return Object.hasOwn(PARTS, name)
}

/** All values, or only the given one. */
function selectValues<Value>(
  name: string,
  all: readonly Value[],
  given: string | undefined,
): readonly Value[] {
  const values = all.filter((value) => given === undefined || String(value) === given)
  if (values.length === 0) throw new Error(`--${name} must be one of ${all.join(', ')}`)
  return values
}
