// Applies one fault after another to a copy of the project, and checks whether the tests detect it. A fault that survives
// shows what is not tested. `npm run mutations -- [NAME…]`; `inverted` means all inverted conditions.
//
// The verdicts: `killed`, a test failed; `SURVIVED`, no test failed; `known`, no test failed, for a reason that the fault states;
// `VOID`, the run proves nothing, for example because the tests also fail without the fault; or a test detects a fault that states
// why none can.
//
// `--check` only checks that each fault has a place in the code, that its tests exist, and that it compiles (inverted conditions
// need not). `--places` checks the same without compiling.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCompiler } from './mutations/compiler.mjs'
import { readFaults } from './mutations/faults.mjs'
import { applyPlace, copyProject } from './mutations/project-copy.mjs'

/** How long one run of the tests may take, in milliseconds. */
const MAX_TEST_RUN_MS = 600_000

const root = fileURLToPath(new URL('../', import.meta.url))
const { faults: all, problems } = readFaults(root)
if (problems.length > 0) stop(problems.join('\n'))
if (process.argv.includes('--places')) process.exit(0)
if (process.argv.includes('--check')) {
  const errors = listCompileErrors(all.filter(({ isInverted }) => !isInverted))
  if (errors.length > 0) stop(errors.join('\n'))
  process.exit(0)
}

const names = process.argv.slice(2)
const faults =
  names.length === 0 ? all : all.filter((fault) => names.includes(fault.name) || isSelectedInverted(fault))
const unknown = names.filter((name) => name !== 'inverted' && !all.some((fault) => fault.name === name))
if (unknown.length > 0) stop(`no such fault: ${unknown.join(', ')}`)

const copy = copyProject(root)
process.on('exit', () => copy.remove())
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))

/** Why a test file fails even without a fault, by its path; null if it passes. */
const failuresWithoutFault = new Map()
const verdicts = new Map()
for (const fault of faults) {
  const startedAt = performance.now()
  const { verdict, detail } = await tryFault(fault)
  verdicts.set(fault, verdict)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  const title = fault.condition === undefined ? fault.name : `${fault.name} ${fault.condition}`
  console.log(`${verdict.padEnd(8)} ${title.padEnd(44)} ${seconds.padStart(6)} s  ${detail}`)
}

const namesWith = (verdict) =>
  faults.filter((fault) => verdicts.get(fault) === verdict).map(({ name }) => name)
const [killed, survivedKnown, survived, inconclusive] = ['killed', 'known', 'SURVIVED', 'VOID'].map(namesWith)
const figures = [
  `mutations: ${faults.length}`,
  `killed ${killed.length}`,
  `survived: ${survived.join(', ') || 'none'}`,
]
if (survivedKnown.length > 0) figures.push(`survived for a known reason: ${survivedKnown.join(', ')}`)
if (inconclusive.length > 0) figures.push(`void: ${inconclusive.join(', ')}`)
console.log(figures.join(', '))
process.exit(survived.length + inconclusive.length > 0 ? 1 : 0)

function isSelectedInverted({ isInverted }) {
  return isInverted && names.includes('inverted')
}

/** Each compilation takes seconds, so it has one fault in each of many files. */
function listCompileErrors(faults) {
  const compiler = createCompiler(root)
  const errors = []
  for (const round of roundsOf(faults)) {
    const texts = round.map(({ file, place }) => [
      file,
      applyPlace(readFileSync(join(root, file), 'utf8'), place),
    ])
    const problems = compiler.listProblemsWith(new Map(texts))
    for (const { name, file } of round)
      for (const problem of problems.get(file).slice(0, 1))
        errors.push(`${name}: does not compile: ${problem}`)
  }
  return errors
}

/** Groups the faults into rounds with at most one fault per file. */
function roundsOf(faults) {
  const rounds = []
  for (const fault of faults) {
    const round = rounds.find((one) => !one.some(({ file }) => file === fault.file))
    if (round) round.push(fault)
    else rounds.push([fault])
  }
  return rounds
}

async function tryFault(fault) {
  const failure = await findFailureWithoutFault(fault.tests)
  if (failure !== null) return { verdict: 'VOID', detail: `its tests fail without it: ${failure}` }
  const applied = copy.apply(fault)
  try {
    // The tests must detect an inverted condition even if the compiler rejects it.
    if (applied.problems.length > 0 && !fault.isInverted)
      return { verdict: 'VOID', detail: `does not compile: ${applied.problems[0]}` }
    return verdictOf(fault, await copy.runTests(fault.tests, MAX_TEST_RUN_MS))
  } finally {
    applied.restore()
  }
}

/** A failing test proves nothing if it also fails without the fault. */
async function findFailureWithoutFault(tests) {
  for (const test of tests) {
    if (!failuresWithoutFault.has(test)) {
      const { kind, title, output } = await copy.runTests([test], MAX_TEST_RUN_MS)
      failuresWithoutFault.set(test, kind === 'passed' ? null : (title ?? `${kind}\n${output.slice(-2000)}`))
    }
    if (failuresWithoutFault.get(test) !== null) return failuresWithoutFault.get(test)
  }
  return null
}

function verdictOf({ survives }, { kind, title, output }) {
  switch (kind) {
    case 'passed':
      return survives
        ? { verdict: 'known', detail: survives }
        : { verdict: 'SURVIVED', detail: 'its tests do not detect it' }
    case 'detected':
      return survives
        ? { verdict: 'VOID', detail: `a test detects it now: ${title}` }
        : { verdict: 'killed', detail: title }
    case 'hung':
      return { verdict: 'VOID', detail: 'the tests did not end in time' }
    case 'broken':
      return {
        verdict: 'VOID',
        detail: `the run failed, but no test detected the fault\n${output.slice(-2000)}`,
      }
  }
}

function stop(reason) {
  console.error(reason)
  process.exit(2)
}
