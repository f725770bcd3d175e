import Database from 'better-sqlite3'
import { expect, onTestFinished, test } from 'vitest'
import { migrateConnection } from '../../src/store/sqlite/migrations.ts'
import { prepareStatements } from '../../src/store/sqlite/statements.ts'

/** What may read a table or an index from its start, and why that is no full scan. */
const SCANS: { [statement: string]: RegExp } = {
  // It ends at its limit, for it reads in the order of the primary key.
  listBodies: /^SCAN delivery_bodies$/,
  // The rings keep it small.
  listRefusedSizes: /^SCAN refused_deliveries USING COVERING INDEX refused_deliveries_sizes$/,
  // At most one row for 1024 runs, and few for each extension.
  listBlocks: /^SCAN run_blocks$/,
  listGroups: /^SCAN run_groups$/,
  // What is owed, and the index holds nothing else. At a scrape.
  countNotifications: /^SCAN notifications USING COVERING INDEX notifications_due$/,
  // At most the rows that a limit lets through.
  countFailures: /^SCAN latest$/,
  // At most one for each extension.
  listAlerts: /^SCAN alerts$/,
  noteAlertTold: /^SCAN alerts$/,
  deleteAlert: /^SCAN alerts$/,
  deleteEmptyGroups: /^SCAN run_groups$/,
  // Reads the last entry alone.
  findNewestSeq: /^SCAN runs$/,
  // At the start only; those that were signed out within two days.
  listEndedSessions: /^SCAN ended_sessions( USING .*)?$/,
  findNewestClaim: /^SCAN idempotency_keys USING COVERING INDEX idempotency_keys_by_age$/,
  // The rings keep it small.
  deleteRefusedFor: /^SCAN refused_deliveries$/,
  deleteRefusedNaming: /^SCAN refused_deliveries$/,
  // At the start only, and the index holds only what is under way.
  listUnanswered: /^SCAN idempotency_keys USING INDEX idempotency_keys_unanswered$/,
}
/** Steps that are read in order by an index or the primary key, so that a limit ends them early. */
const IN_ORDER = [
  'listDueRuns',
  'listMisdatedRuns',
  'listDueNotifications',
  'listMisdatedNotifications',
  'findOwedHost',
  'listBodies',
  'findUnansweredHead',
  'listEndsOf',
  'listGroupSeqs',
  'listGroupSeqsWithin',
  'listNamedGroupSeqs',
  'skipNamed',
  'findOldestOfGroup',
  'findNewestSeq',
  'findNewestOfFile',
  'findNewestAsking',
  'findNewestClaim',
  'listAllRuns',
  'listDeliveries',
  'listApplied',
  'listOutcome',
  'listOfFile',
  'listRefused',
  'listActs',
  'findWaitingItem',
]

function explainAll(): Map<string, string[]> {
  const connection = new Database(':memory:')
  onTestFinished(() => {
    connection.close()
  })
  migrateConnection(connection)
  const plans = Object.entries(prepareStatements(connection)).map(([name, statement]) => {
    const { sql, params } = statement.getQuery()
    const plan = connection.prepare<null[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    return [name, plan.all(...params.map(() => null)).map(({ detail }) => detail)] as const
  })
  return new Map(plans)
}

test('No statement reads a whole table', () => {
  const plans = explainAll()
  expect(plans.size).toBeGreaterThan(30)
  for (const [name, steps] of plans) {
    const scans = steps.filter((step) => step.startsWith('SCAN') && !SCANS[name]?.test(step))
    expect(scans, name).toEqual([])
  }
})

test('What has a limit is read in its order and not sorted', () => {
  const plans = explainAll()
  for (const name of IN_ORDER) {
    const steps = plans.get(name)
    expect(steps?.length, name).toBeGreaterThan(0)
    for (const step of steps ?? []) expect(step, name).not.toContain('TEMP B-TREE')
  }
})

test('Due runs, due notifications, queued uploads and known events each have an index of their own', () => {
  const plans = explainAll()
  for (const name of ['listDueRuns', 'listMisdatedRuns']) expect(plans.get(name)?.[0]).toContain('runs_due')
  expect(plans.get('listDueNotifications')?.[0]).toContain('notifications_due (host=? AND due_at<?)')
  expect(plans.get('listMisdatedNotifications')?.[0]).toContain('notifications_due (host=? AND due_at>?)')
  expect(plans.get('findOwedHost')?.[0]).toContain('COVERING INDEX notifications_due (host>?)')
  expect(plans.get('countFailures')?.join()).toContain('runs_failed (name=? AND settled_at>?)')
  expect(plans.get('findUnansweredHead')?.[0]).toContain('submissions_unanswered')
  expect(plans.get('listEndsOf')?.[0]).toContain('deliveries_unclaimed_uploads')
  expect(plans.get('findEventDelivery')?.[0]).toContain('deliveries_by_event')
})

test('What operators look for is found by an index, in the order in which it is shown', () => {
  const plans = explainAll()
  expect(plans.get('listGroupSeqs')).toEqual([
    'SEARCH runs USING COVERING INDEX runs_by_group (group_id=? AND rowid>? AND rowid<?)',
  ])
  expect(plans.get('listGroupSeqsWithin')?.[0]).toContain(
    'runs_by_group (group_id=? AND rowid>? AND rowid<?)',
  )
  expect(plans.get('listNamedGroupSeqs')?.[0]).toContain('runs_by_group (group_id=? AND rowid>? AND rowid<?)')
  expect(plans.get('listNamedRuns')).toEqual([
    expect.stringContaining(
      'submissions USING COVERING INDEX submissions_by_name (file_name>? AND file_name<?)',
    ),
    expect.stringContaining('runs USING INDEX runs_by_submission (submission_seq=?)'),
  ])
  expect(plans.get('listOutcome')?.[0]).toContain('deliveries_by_outcome (outcome=? AND rowid<?)')
  expect(plans.get('listOfFile')?.[0]).toContain('deliveries_of_files (file_id=? AND rowid<?)')
  expect(plans.get('findWaitingItem')?.[0]).toContain('retry_items_waiting')
})
