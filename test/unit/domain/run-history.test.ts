import { expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/domain/audit-entry.ts'
import { describeHistory } from '../../../src/domain/run-history.ts'
import { aRun, aSubmission } from './facts.ts'

function anAuditEntry(facts: Partial<AuditEntry>): AuditEntry {
  return { at: 1, actor: 'ops', kind: 'retry', subject: 'run-0', reason: null, details: null, ...facts }
}

/** The history of a retry that was requested at 2,000. */
function describeRetry(retryId: string | undefined, auditEntries: AuditEntry[]) {
  const run = aRun({ attempt: 2, requestedAt: 2_000 })
  return describeHistory({
    run,
    submission: aSubmission(),
    respondedAt: null,
    runs: [run],
    asset: undefined,
    deliveries: [],
    notification: null,
    auditEntries: [],
    earlier: { runId: 'run-0', retryId, auditEntries },
  }).previous
}

test('A retry comes from the last audit entry of a retry that is not later than itself', () => {
  const auditEntries = [
    anAuditEntry({ at: 500 }),
    anAuditEntry({ at: 2_000 }),
    anAuditEntry({ at: 2_000, kind: 'acknowledge' }),
    anAuditEntry({ at: 3_000 }),
  ]
  expect(describeRetry(undefined, auditEntries)).toEqual({ runId: 'run-0', entry: auditEntries[1] })
  expect(describeRetry(undefined, [])).toEqual({ runId: 'run-0', entry: null })
})

test('A retry that is part of a retry of many runs comes from the audit entry of that one', () => {
  const auditEntries = [anAuditEntry({ kind: 'retry_many' }), anAuditEntry({})]
  expect(describeRetry('retry-1', auditEntries)).toEqual({ runId: 'run-0', entry: auditEntries[0] })
})
