// `npm run bench` measures everything and writes docs/benchmarks.md; `npm run bench -- PART…` some parts; `--quick` in three
// minutes what must not collapse unseen. `--runs N`: how many the largest database has; `--folder PATH` keeps what was made;
// `--rounds N`, `--seconds N`: how often and how long; `--document` writes what was measured here last, part by part.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeGenerator } from './load/generate-load.mjs'
import { describeCommit, describeMachine, describePinning, describeVersions } from './machine.mjs'
import { writeDocument } from './report/document.mjs'
import { collapseText, GOALS } from './report/goals.mjs'
import { keepResults, loadResults, RESULTS } from './report/results.mjs'
import { goalTable, partText } from './report/tables.mjs'

const QUICK = ['ingest', 'slow-disk', 'status', 'mixed', 'uploads']
const PARTS =
  'ingest slow-disk connections peers status mixed waiting memory uploads growth start disk operators'.split(
    ' ',
  )

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    document: { type: 'boolean', default: false },
    runs: { type: 'string', default: '1000000' },
    folder: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
  },
})
const unknown = positionals.find((name) => !PARTS.includes(name))
if (unknown !== undefined) throw new Error(`there is no part ${unknown}; there are ${PARTS.join(', ')}`)

const isWhole = positionals.length === 0 && !options.quick
const parts = positionals.length > 0 ? positionals : options.quick ? QUICK : PARTS
// Not where the system keeps what is temporary: that may be memory, where a sync costs nothing.
mkdirSync(options.folder ?? RESULTS, { recursive: true })
const folder = options.folder ?? mkdtempSync(join(RESULTS, 'work-'))
const bench = {
  folder,
  isQuick: options.quick,
  mostRuns: Number(options.runs),
  rounds: Number(options.rounds ?? (options.quick ? 1 : 3)),
  seconds: Number(options.seconds ?? (options.quick ? 2 : 5)),
  mostVoid: options.quick ? 1 : 3,
  warmUpSeconds: options.quick ? 1 : 2,
  tell: (text) => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`),
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
const collapsed = []
try {
  for (const name of parts) {
    bench.tell(name)
    const result = await measurePart(name)
    lost += result.lost
    console.log(`\n${partText(result)}\n\n${goalTable(result.goals, { onlyMeasured: true })}`)
    if (!bench.isQuick) keepResults(name, { circumstances, ...result })
  }
} finally {
  if (options.folder === undefined) rmSync(folder, { recursive: true })
}
console.log(`\nAcknowledged deliveries that were lost: ${lost}.`)
for (const text of collapsed) console.log(`Collapsed: ${text}`)
if (isWhole || options.document) writeDocument(loadResults(PARTS), circumstances)
process.exitCode = lost > 0 || collapsed.length > 0 ? 1 : 0

/** The short form measures again before it calls a figure collapsed, because other work of the machine also counts. */
async function measurePart(name) {
  const { measure } = await import(`./parts/${name}.mjs`)
  const result = await measure(bench)
  const suspects = bench.isQuick ? listCollapsed(GOALS, result) : []
  if (suspects.length === 0) return result
  bench.tell(`${name} is measured once more`)
  const again = await measure(bench)
  for (const goal of listCollapsed(suspects, again))
    collapsed.push(`${goal.what}: ${collapseText(goal, again.goals[goal.id])}`)
  return { ...again, lost: result.lost + again.lost }
}

function listCollapsed(among, { goals }) {
  return among.filter((goal) => collapseText(goal, goals[goal.id]) !== undefined)
}
