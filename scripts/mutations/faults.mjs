import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readDeclarations } from './declarations.mjs'
import { listEdits } from './edits.mjs'
import { FAULTS_IN_ACCESS } from './faults/access.mjs'
import { FAULTS_IN_DECISIONS } from './faults/decisions.mjs'
import { FAULTS_IN_LISTS } from './faults/lists.mjs'
import { FAULTS_IN_OPERATOR_ACTIONS } from './faults/operator-actions.mjs'
import { FAULTS_IN_PASSTHROUGH } from './faults/passthrough.mjs'
import { FAULTS_IN_RECONCILING } from './faults/reconciling.mjs'
import { FAULTS_IN_RETENTION } from './faults/retention.mjs'
import { FAULTS_IN_STATISTICS } from './faults/statistics.mjs'
import { FAULTS_IN_STATUS_RULES } from './faults/status-rules.mjs'
import { FAULTS_IN_STORED_ROWS } from './faults/stored-rows.mjs'
import { FAULTS_IN_TRANSACTIONS } from './faults/transactions.mjs'
import { FAULTS_IN_UPLOADS } from './faults/uploads.mjs'
import { FAULTS_IN_WEBHOOKS } from './faults/webhooks.mjs'
import { listInvertedConditions } from './inverted-conditions.mjs'

/**
 * A fault has a `name`, a declaration (`in`), one operator of `edits.mjs` with its operands, such as `assume: ['isFinal', true]`,
 * and the `tests` that should detect it. `in: 'outer.inner'` is the declaration `inner` somewhere within `outer`. `nth` chooses
 * one of several places where the operator applies; the first is 1. Conditions count in the order in which `conditions.mjs` lists
 * them, which is not always that of the code. `survives` is the reason why no test can detect the fault: such a fault is reported,
 * and fails the run only if a test detects it.
 */
const FAULTS = [
  ...FAULTS_IN_STATUS_RULES,
  ...FAULTS_IN_DECISIONS,
  ...FAULTS_IN_TRANSACTIONS,
  ...FAULTS_IN_STORED_ROWS,
  ...FAULTS_IN_STATISTICS,
  ...FAULTS_IN_LISTS,
  ...FAULTS_IN_RETENTION,
  ...FAULTS_IN_WEBHOOKS,
  ...FAULTS_IN_UPLOADS,
  ...FAULTS_IN_RECONCILING,
  ...FAULTS_IN_ACCESS,
  ...FAULTS_IN_OPERATOR_ACTIONS,
  ...FAULTS_IN_PASSTHROUGH,
]

/**
 * Reads every fault, with its file, its place in that file, and the paths of its tests. `problems`: what is wrong with faults
 * that do not fit the project, or have the name of another.
 */
export function readFaults(root) {
  const declarations = readDeclarations(root)
  const tests = createTestFinder(root)
  const problems = []
  const attempt = (name, work) => {
    try {
      return work()
    } catch (error) {
      problems.push(`${name}: ${error.message}`)
    }
  }
  const located = FAULTS.map((fault) => ({
    ...fault,
    ...attempt(fault.name, () => locate(declarations, fault)),
  }))
  const inverted = attempt('inverted conditions', () => listInvertedConditions(declarations)) ?? []
  const faults = [...located, ...inverted].map((fault) => ({
    ...fault,
    tests: fault.tests.flatMap((test) => attempt(fault.name, () => tests.find(test)) ?? []),
  }))
  const names = faults.map(({ name }) => name)
  for (const name of names.filter((one, index) => names.indexOf(one) < index))
    problems.push(`${name}: two faults have this name`)
  return { faults, problems }
}

function locate(declarations, fault) {
  const places = new Map()
  for (const { file, node } of declarations.find(fault.in))
    for (const place of listEdits(node, fault))
      places.set(`${file}:${place.from}:${place.to}`, { file, place })
  const found = [...places.values()]
  if (fault.nth === undefined && found.length > 1) {
    const inFiles = [...new Set(found.map(({ file }) => file))].join(', ')
    throw new Error(`it fits ${found.length} places of ${fault.in} (${inFiles})`)
  }
  const chosen = found[(fault.nth ?? 1) - 1]
  if (chosen === undefined) throw new Error(`it fits ${found.length} places of ${fault.in}`)
  return chosen
}

/** Finds a test file by its name without its endings, preceded by folders if the name alone is not unique. */
function createTestFinder(root) {
  const files = readdirSync(join(root, 'test'), { recursive: true }).filter((name) =>
    name.endsWith('.test.ts'),
  )
  return {
    find(name) {
      const found = files.filter((file) => `/${file}`.split('.')[0].endsWith(`/${name}`))
      if (found.length !== 1) throw new Error(`${found.length} test files are named ${name}`)
      return join('test', found[0])
    },
  }
}
