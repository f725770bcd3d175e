import { listConditions } from './conditions.mjs'

const FOLDER = 'src/domain/decide/'
const CONTRACT = ['sqlite-store', 'sqlite-two-handles']

/** Conditions whose inversion no test can detect, and why. Each is the only condition in its declaration that mentions `about`. */
const WITHOUT_EFFECT = [
  {
    in: 'recordDelivery.own',
    about: 'service',
    why: 'Rows that are not loaded at once are loaded in the next rounds.',
  },
  {
    in: 'findOwnRun',
    about: 'service',
    why: 'An unnecessary lookup finds nothing, and then everything is loaded.',
  },
  { in: 'idCountsOf', about: 'replayOf', why: 'A batch that runs out of ids reserves more.' },
  {
    in: 'isUpdated',
    about: 'known.boundTo',
    why: 'A run without a known file is decided with its whole submission, with the same result.',
  },
]

/**
 * One fault for each condition of the rules in `domain/decide`, which inverts it. The contract of the stores alone must detect
 * all of them, so a new rule needs no fault of its own.
 */
export function listInvertedConditions({ files, find }) {
  const conditions = files
    .filter(({ file }) => file.startsWith(FOLDER))
    .flatMap(({ file, source }) =>
      source.statements.flatMap((statement) =>
        listConditions(statement).map((condition, index) => ({ file, statement, index, ...condition })),
      ),
    )
  const reasons = WITHOUT_EFFECT.map(({ in: anchor, about, why }) => {
    const within = find(anchor).filter(({ file }) => file.startsWith(FOLDER))
    const found = conditions.filter(
      ({ node, file }) =>
        node.getText().includes(about) &&
        within.some((one) => one.file === file && one.node.pos <= node.pos && node.end <= one.node.end),
    )
    if (found.length !== 1) throw new Error(`${anchor} has ${found.length} conditions about ${about}`)
    return { node: found[0].node, why }
  })
  return conditions.map(({ node, opposite, file, statement, index }) => ({
    name: `${statement.name?.text ?? file}:${index + 1}`,
    about: node.getText().replaceAll(/\s+/g, ' '),
    file,
    place: { from: node.getStart(), to: node.end, text: opposite },
    tests: CONTRACT,
    survives: reasons.find((reason) => reason.node === node)?.why,
    isInverted: true,
  }))
}
