import { listConditions } from './conditions.mjs'

const FOLDER = 'src/domain/decide/'
const CONTRACT = ['sqlite-store', 'sqlite-shared-database']

/**
 * Conditions whose inversion no test can detect, and why. Each is the only condition in the declaration `in` whose text contains
 * `about`.
 */
const WITHOUT_EFFECT = [
  {
    in: 'recordDelivery.own',
    about: 'service',
    why: 'It only chooses which rows are loaded first: `more` names those that are missing.',
  },
  {
    in: 'findOwnRun',
    about: 'service',
    why: 'A delivery whose run is not found is decided with its whole submission, with the same result.',
  },
  { in: 'idCountsOf', about: 'replayOf', why: 'A batch that runs out of ids takes more.' },
  {
    in: 'isUpdated',
    about: 'known.boundTo',
    why: 'A run whose row does not name its file is decided with its whole submission, with the same result.',
  },
]

/**
 * One fault for each condition of the rules in `domain/decide`: it inverts the condition. The contract tests of the SQLite store alone
 * must detect each of them that is not listed above, so a new condition needs no fault of its own in `faults/`.
 */
export function listInvertedConditions({ files, find }) {
  const conditions = files
    .filter(({ file }) => file.startsWith(FOLDER))
    .flatMap(({ file, source }) =>
      source.statements.flatMap((statement) =>
        listConditions(statement).map((condition, index) => ({ file, statement, index, ...condition })),
      ),
    )
  const withoutEffect = WITHOUT_EFFECT.map(({ in: declaration, about, why }) => {
    const within = find(declaration).filter(({ file }) => file.startsWith(FOLDER))
    const found = conditions.filter(
      ({ node, file }) =>
        node.getText().includes(about) &&
        within.some((one) => one.file === file && one.node.pos <= node.pos && node.end <= one.node.end),
    )
    if (found.length !== 1)
      throw new Error(`${declaration} has ${found.length} conditions about ${about}, not 1`)
    return { node: found[0].node, why }
  })
  return conditions.map(({ node, opposite, file, statement, index }) => ({
    name: `${statement.name?.text ?? file}:${index + 1}`,
    condition: node.getText().replaceAll(/\s+/g, ' '),
    file,
    place: { from: node.getStart(), to: node.end, text: opposite },
    tests: CONTRACT,
    // Undefined if the tests must detect the fault.
    survives: withoutEffect.find((one) => one.node === node)?.why,
    isInverted: true,
  }))
}
