import { expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/domain/audit-entry.ts'
import { describeHistory } from '../../../src/domain/run-history.ts'
import { aRun, aSubmission } from './facts.ts'

function anAct(facts: Partial<AuditEntry>): AuditEntry {
  return { at: 1, actor: 'ops', kind: 'retry', subject: 'run-0', reason: null, details: null, ...facts }
}

/** The history of a retry that was requested at 2,000. */
function describeRetry(retryId: string | undefined, acts: AuditEntry[]) {
  const run = aRun({ attempt: 2, requestedAt: 2_000 })
  return describeHistory({
    run,
    submission: aSubmission(),
    respondedAt: null,
    runs: [run],
    asset: undefined,
    deliveries: [],
    notification: null,
    acts: [],
    earlier: { runId: 'run-0', retryId, acts },
  }).previous
}

test('A retry comes from the last act that asked for it before it was requested', () => {
  const acts = [
    anAct({ at: 500 }),
    anAct({ at: 2_000 }),
    anAct({ at: 2_000, kind: 'acknowledge' }),
    anAct({ at: 3_000 }),
  ]
  expect(describeRetry(undefined, acts)).toEqual({ runId: 'run-0', act: acts[1] })
  expect(describeRetry(undefined, [])).toEqual({ runId: 'run-0', act: null })
})

test('A retry of many comes from the act that asked for many', () => {
  const acts = [anAct({ kind: 'retry_many' }), anAct({})]
  expect(describeRetry('retry-1', acts)).toEqual({ runId: 'run-0', act: acts[0] })
})
