// Plants one fault after another in a copy of the project, and looks whether the tests notice it. A fault that survives shows
// what is not tested. `node test/chaos/planted/run.mjs [NAME…]`; `inverted` stands for all inverted conditions.
// `--check` only checks that every fault can be planted and that its tests exist.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FAULTS } from './faults.mjs'
import { listInvertedConditions } from './inverted-conditions.mjs'
import { copyProject } from './project-copy.mjs'

const NAMED_TESTS_MS = 300_000
const ALL_TESTS_MS = 900_000

const root = fileURLToPath(new URL('../../../', import.meta.url))
const inverted = listInvertedConditions(root)
const all = [...FAULTS, ...inverted]
const isCheck = process.argv.includes('--check')
const names = process.argv
  .slice(2)
  .filter((name) => name !== '--check')
  .flatMap((name) => (name === 'inverted' ? inverted.map((fault) => fault.name) : name))
const faults = names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
const unknown = names.filter((name) => !all.some((fault) => fault.name === name))
if (unknown.length > 0) stop(`no such fault: ${unknown.join(', ')}`)
if (new Set(all.map(({ name }) => name)).size < all.length) stop('two faults have one name')

const named = [...new Set(faults.flatMap(({ tests }) => tests))]
const missing = named.filter((test) => !existsSync(join(root, test)))
if (missing.length > 0) stop(`no such test: ${missing.join(', ')}`)
const unplantable = FAULTS.filter(
  ({ file, find }) => readFileSync(join(root, file), 'utf8').split(find).length !== 2,
)
if (unplantable.length > 0)
  stop(`what they replace does not stand in one place: ${unplantable.map(({ name }) => name).join(', ')}`)
if (isCheck) process.exit(0)

const copy = copyProject(root)
process.on('exit', () => copy.remove())
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

const sound = await copy.runTests(named, ALL_TESTS_MS)
if (sound.kind !== 'passed') stop(`void: the tests do not pass without a fault\n${sound.output}`)

const verdicts = new Map()
for (const fault of faults) {
  const startedAt = performance.now()
  const { verdict, told } = await tryFault(fault)
  verdicts.set(fault, verdict)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const what = fault.about === undefined ? fault.name : `${fault.name} ${fault.about}`
  console.log(`${verdict.padEnd(8)} ${what.padEnd(34)} ${seconds.padStart(6)} s  ${told}`)
}

const namesOf = (wanted) => faults.filter((fault) => verdicts.get(fault) === wanted).map(({ name }) => name)
const [killed, known, survived, unproved] = ['killed', 'known', 'SURVIVED', 'VOID'].map(namesOf)
const parts = [
  `planted faults: ${faults.length}`,
  `killed ${killed.length}`,
  `survived: ${survived.join(', ') || 'none'}`,
]
if (known.length > 0) parts.push(`survived for a reason: ${known.join(', ')}`)
if (unproved.length > 0) parts.push(`void: ${unproved.join(', ')}`)
tell(parts.join(', '))
process.exit(survived.length + unproved.length > 0 ? 1 : 0)

async function tryFault(fault) {
  const planted = copy.plant(fault)
  const isInverted = fault.edit !== undefined
  try {
    // Whether the compiler accepts it or not, the tests have to notice an inverted condition.
    if (planted.problems.length > 0 && !isInverted)
      return { verdict: 'VOID', told: `does not compile: ${planted.problems[0]}` }
    let seen = await copy.runTests(fault.tests, NAMED_TESTS_MS)
    if (seen.kind === 'passed' && fault.survives) return { verdict: 'known', told: fault.survives }
    let where = ''
    if (seen.kind === 'passed' && !isInverted) {
      seen = await copy.runTests([], ALL_TESTS_MS)
      where = 'only by the whole suite: '
    }
    return judge(fault, seen, where)
  } finally {
    planted.takeOut()
  }
}

function judge(fault, seen, where) {
  switch (seen.kind) {
    case 'passed':
      return { verdict: 'SURVIVED', told: 'no test notices' }
    case 'noticed':
      return fault.survives
        ? { verdict: 'VOID', told: `does not survive any more: ${seen.title}` }
        : { verdict: 'killed', told: where + seen.title }
    case 'hung':
      return { verdict: 'VOID', told: `${where}the tests did not end in time` }
    case 'broken':
      return { verdict: 'VOID', told: `${where}no test failed by itself\n${seen.output.slice(-2000)}` }
  }
}

/** As `tell` of the other tests in this folder. */
function tell(figures) {
  console.log(figures)
  const file = process.env['CHAOS_FIGURES']
  if (file === undefined) return
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(file, `${figures}\n`)
}

function stop(reason) {
  console.error(reason)
  process.exit(2)
}
