// Plants one fault after another in a copy of the project, and checks whether the tests detect it. A fault that survives
// shows what is not tested. `npm run mutations -- [NAME…]`; `inverted` means all inverted conditions.
// `--check` only checks that every mutation can be applied and that its tests exist.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FAULTS } from './mutations/faults.mjs'
import { listInvertedConditions } from './mutations/inverted-conditions.mjs'
import { copyProject } from './mutations/project-copy.mjs'

const NAMED_TESTS_MS = 300_000
const ALL_TESTS_MS = 900_000

const root = fileURLToPath(new URL('../', import.meta.url))
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
  stop(`not in exactly one place of their file: ${unplantable.map(({ name }) => name).join(', ')}`)
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
  const { verdict, detail } = await tryFault(fault)
  verdicts.set(fault, verdict)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const what = fault.about === undefined ? fault.name : `${fault.name} ${fault.about}`
  console.log(`${verdict.padEnd(8)} ${what.padEnd(34)} ${seconds.padStart(6)} s  ${detail}`)
}

const namesOf = (wanted) => faults.filter((fault) => verdicts.get(fault) === wanted).map(({ name }) => name)
const [killed, known, survived, unproved] = ['killed', 'known', 'SURVIVED', 'VOID'].map(namesOf)
const parts = [
  `mutations: ${faults.length}`,
  `killed ${killed.length}`,
  `survived: ${survived.join(', ') || 'none'}`,
]
if (known.length > 0) parts.push(`survived for a reason: ${known.join(', ')}`)
if (unproved.length > 0) parts.push(`void: ${unproved.join(', ')}`)
console.log(parts.join(', '))
process.exit(survived.length + unproved.length > 0 ? 1 : 0)

async function tryFault(fault) {
  const applied = copy.plant(fault)
  const isInverted = fault.edit !== undefined
  try {
    // The tests must detect an inverted condition even if the compiler rejects it.
    if (applied.problems.length > 0 && !isInverted)
      return { verdict: 'VOID', detail: `does not compile: ${applied.problems[0]}` }
    let seen = await copy.runTests(fault.tests, NAMED_TESTS_MS)
    if (seen.kind === 'passed' && fault.survives) return { verdict: 'known', detail: fault.survives }
    let where = ''
    if (seen.kind === 'passed' && !isInverted) {
      seen = await copy.runTests([], ALL_TESTS_MS)
      where = 'only by the whole suite: '
    }
    return verdictOf(fault, seen, where)
  } finally {
    applied.restore()
  }
}

function verdictOf(fault, seen, where) {
  switch (seen.kind) {
    case 'passed':
      return { verdict: 'SURVIVED', detail: 'no test detects it' }
    case 'noticed':
      return fault.survives
        ? { verdict: 'VOID', detail: `is detected now: ${seen.title}` }
        : { verdict: 'killed', detail: where + seen.title }
    case 'hung':
      return { verdict: 'VOID', detail: `${where}the tests did not end in time` }
    case 'broken':
      return { verdict: 'VOID', detail: `${where}no test failed on its own\n${seen.output.slice(-2000)}` }
  }
}

function stop(reason) {
  console.error(reason)
  process.exit(2)
}
