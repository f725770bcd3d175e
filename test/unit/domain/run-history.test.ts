import { expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/domain/audit-entry.ts'
import { describeHistory } from '../../../src/domain/run-history.ts'
import { aRun, aSubmission } from './facts.ts'

function anAuditEntry(facts: Partial<AuditEntry>): AuditEntry {
  return { at: 1, actor: 'ops', kind: 'retry', subject: 'run-0', reason: null, details: null, ...facts }
}

/**
 * The retried run and the audit entry, from the history of a retry that was requested at 2,000. `retryId`: the retry of many runs
 * that this retry belongs to, if any.
 */
function previousOfRetry(retryId: string | undefined, auditEntries: AuditEntry[]) {
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

test('The audit entry of a retry is the last one of the kind `retry` up to the time of its request', () => {
  const auditEntries = [
    anAuditEntry({ at: 500 }),
    anAuditEntry({ at: 2_000 }),
    anAuditEntry({ at: 2_000, kind: 'acknowledge' }),
    anAuditEntry({ at: 3_000 }),
  ]
  expect(previousOfRetry(undefined, auditEntries)).toEqual({ runId: 'run-0', entry: auditEntries[1] })
  expect(previousOfRetry(undefined, [])).toEqual({ runId: 'run-0', entry: null })
})

test('If many runs were retried at once, the audit entry of each retry is the one about all of them', () => {
  const auditEntries = [anAuditEntry({ kind: 'retry_many' }), anAuditEntry({})]
  expect(previousOfRetry('retry-1', auditEntries)).toEqual({ runId: 'run-0', entry: auditEntries[0] })
})
