// How SQLite goes about each statement that an operator's reads use.
import Database from 'better-sqlite3'
import { prepareStatements } from '../../dist/store/sqlite/statements.js'

const PLANS = [
  'listGroupSeqs',
  'listGroupSeqsWithin',
  'listBlocks',
  'findListedRun',
  'skipNamed',
  'listNamedRuns',
  'listNamedGroupSeqs',
  'listSeqsOfRun',
  'listSeqsOfSubmission',
  'listSeqsOfFile',
  'listDeliveries',
  'listApplied',
  'listOutcome',
  'listOfSubmission',
  'listOfFile',
  'listTallies',
  'listSettled',
  'findOldestOfGroup',
]

export function queryPlans(path) {
  const connection = new Database(path, { readonly: true })
  const statements = prepareStatements(connection)
  const plans = PLANS.map((name) => {
    const { sql, params } = statements[name].getQuery()
    const steps = connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...params.map(() => null))
    return { name, steps: steps.map(({ detail }) => detail) }
  })
  connection.close()
  return plans
}
