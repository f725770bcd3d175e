// Runs the long form of the tests in test/chaos and of some in test/store, one after another, and prints their figures.
// `npm run chaos -- NAME…` runs those whose file's name begins with a NAME; `npm run chaos -- --store postgres` runs those about a
// database server instead of those about a file.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const SELECTIONS = {
  sqlite: { projects: ['portable', 'faults', 'linux'], tests: ['test/chaos/', 'test/store/model.test.ts'] },
  // In `test/store/postgres/`, only some tests have a long form. The others run as always.
  postgres: { projects: ['postgres', 'postgres faults'], tests: ['test/chaos/', 'test/store/postgres/'] },
}
const FOLDERS = ['test/chaos', 'test/store', 'test/store/postgres']

const FIGURES_FILE = fileURLToPath(new URL('../coverage/chaos.txt', import.meta.url))
const { values, positionals: names } = parseArgs({
  options: { store: { type: 'string', default: 'sqlite' } },
  allowPositionals: true,
})
const selection = SELECTIONS[values.store]
if (selection === undefined) throw new Error(`--store is one of ${Object.keys(SELECTIONS).join(', ')}`)
const paths =
  names.length === 0 ? selection.tests : FOLDERS.flatMap((folder) => names.map((name) => `${folder}/${name}`))

rmSync(FIGURES_FILE, { force: true })
const vitest = [
  'vitest',
  'run',
  '--mode',
  'built',
  '--no-file-parallelism',
  ...selection.projects.flatMap((name) => ['--project', name]),
]
const env = { ...process.env, CHAOS: 'long', CHAOS_FIGURES: FIGURES_FILE }
const { status } = spawnSync('npx', [...vitest, ...paths], { env, stdio: 'inherit' })

const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim()
console.log(`\nchaos at ${commit || 'an unknown commit'}:`)
console.log(
  existsSync(FIGURES_FILE) ? readFileSync(FIGURES_FILE, 'utf8').trimEnd() : 'no figures were recorded',
)
process.exit(status ?? 1)
