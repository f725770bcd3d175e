import { describe, expect, test } from 'vitest'
import { createRetry, endRetryItem, submitRetry, withdrawRetry } from '../../../../src/domain/decide/retry.ts'
import type { RetryItemState, RetryRejection } from '../../../../src/domain/retry.ts'
import { anAuditEntry, FILE_ID, newSubmission } from '../../../contract/builders.ts'
import { createMemory, type Memory } from './memory.ts'
import { changeRun, numbered, submitted } from './submitted.ts'

const ENTRY = anAuditEntry({ kind: 'retry', at: 7_000 })
const RETRY_SUBMISSION = newSubmission(['remove-bg'], {
  kind: 'update',
  fileId: FILE_ID,
  at: 7_000,
  attempt: 2,
})

/** A memory with one failed run of a file, not acknowledged. */
function withFailedRun(): Memory {
  const memory = submitted(['remove-bg'], { state: 'accepted', fileId: FILE_ID })
  changeRun(memory, 's1-run-1', { status: 'failed', settledAt: 2_000 })
  return memory
}

function retry(memory: Memory, origin: { entry: typeof ENTRY } | { itemId: number } = { entry: ENTRY }) {
  const ids = { submission: () => 'again', run: numbered('made') }
  return memory.run(submitRetry('s1-run-1', RETRY_SUBMISSION, origin), ids)
}

function withItem(memory: Memory, state: RetryItemState): Memory {
  memory.put('retryItems', { itemId: 4, state, submissionId: null, reason: null, isForeign: false })
  return memory
}

describe('the retry of a run', () => {
  test('inserts the new submission with its runs, acknowledges the old run, and records the audit entry', () => {
    const { result, inserted, updated, other } = retry(withFailedRun())
    expect(result).toEqual({ submissionId: 'again', runIds: ['made-1'] })
    expect(inserted.submissions).toMatchObject([{ submissionId: 'again', state: 'submitting' }])
    expect(inserted.details).toMatchObject([{ submissionId: 'again' }])
    expect(inserted.runs).toMatchObject([
      { runId: 'made-1', submissionId: 'again', attempt: 2, dueAt: null, isListed: true },
    ])
    expect(updated).toEqual({ runs: [expect.objectContaining({ runId: 's1-run-1', acknowledgedAt: 7_000 })] })
    expect(other).toEqual({ auditEntries: [ENTRY] })
  })

  test('requests the run, its submission and the current runs of its file', () => {
    expect(retry(withFailedRun()).requested).toEqual([
      [['runs', 's1-run-1']],
      [
        ['submissions', 's1'],
        ['details', 's1'],
      ],
      [['currentOf', FILE_ID]],
    ])
  })

  test('does not acknowledge the run again', () => {
    const memory = withFailedRun()
    changeRun(memory, 's1-run-1', { acknowledgedAt: 3_000 })
    expect(retry(memory).updated).toEqual({})
  })

  const withNewerRun = (facts: Parameters<typeof submitted>[1] = {}) => {
    const memory = withFailedRun()
    submitted(['remove-bg'], { submissionId: 's2', fileId: FILE_ID, ...facts }, memory)
    return memory
  }
  const withChangedRun = (facts: Parameters<typeof changeRun>[2]) => {
    const memory = withFailedRun()
    changeRun(memory, 's1-run-1', facts)
    return memory
  }

  test.each<[RetryRejection, string, Memory]>([
    ['no_file', 'is unknown', createMemory()],
    ['no_file', 'has no file', submitted(['remove-bg'], { state: 'accepted' })],
    [
      'no_file',
      'belongs to a rejected submission',
      submitted(['remove-bg'], { state: 'rejected', fileId: FILE_ID }),
    ],
    ['pending', 'is pending', submitted(['remove-bg'], { fileId: FILE_ID })],
    ['not_current', 'is followed by a newer one', withNewerRun()],
    [
      'asset_gone',
      'belongs to a deleted file',
      withChangedRun({ status: 'expired', evidence: { kind: 'asset_gone' } }),
    ],
    // ImageKit has reported a saved extension that was not requested.
    ['options_unknown', 'has no known options', withChangedRun({ name: 'saved-extension' })],
  ])('is rejected as %s for a run that %s, and changes nothing', (rejection, _, memory) => {
    const before = structuredClone(memory.rows)
    const { result, other } = memory.run(submitRetry('s1-run-1', RETRY_SUBMISSION, { entry: ENTRY }))
    expect([result, other]).toEqual([{ rejection }, undefined])
    expect(memory.rows).toEqual(before)
  })

  test.each([
    ['belongs to a rejected submission', withNewerRun({ state: 'rejected' })],
    ['belongs to another file', withNewerRun({ fileId: 'other' })],
  ])('is allowed if the newer run %s', (_, memory) => {
    expect(retry(memory).result).toMatchObject({ submissionId: 'again' })
  })

  test('is rejected for the second of two operators who retry the same run', () => {
    const memory = withFailedRun()
    expect(retry(memory).result).toMatchObject({ submissionId: 'again' })
    const second = submitRetry('s1-run-1', RETRY_SUBMISSION, { entry: ENTRY })
    expect(memory.run(second).result).toEqual({ rejection: 'not_current' })
  })
})

describe('an item of a retry', () => {
  test('that is submitted gets the id of its submission, without an audit entry', () => {
    const { requested, updated, other } = retry(withItem(withFailedRun(), 'waiting'), { itemId: 4 })
    expect(requested[0]).toContainEqual(['retryItems', '4'])
    expect(updated.retryItems).toEqual([
      { itemId: 4, state: 'submitting', submissionId: 'again', reason: null, isForeign: false },
    ])
    expect(updated.runs).toMatchObject([{ acknowledgedAt: 7_000 }])
    expect(other).toBeUndefined()
  })

  test.each(['submitting', 'accepted', 'failed', 'unconfirmed'] as const)(
    'that is %s is not submitted, because it is not waiting',
    (state) => {
      const memory = withItem(withFailedRun(), state)
      const before = structuredClone(memory.rows)
      expect(retry(memory, { itemId: 4 }).result).toEqual({ rejection: 'not_waiting' })
      expect(memory.rows).toEqual(before)
    },
  )

  test('whose run can’t be retried does not change', () => {
    const memory = withItem(submitted(['remove-bg'], { fileId: FILE_ID }), 'waiting')
    const { result, updated } = retry(memory, { itemId: 4 })
    expect([result, updated]).toEqual([{ rejection: 'pending' }, {}])
  })

  test.each(['waiting', 'submitting'] as const)('that is %s can end, with a reason', (state) => {
    const { updated } = withItem(createMemory(), state).run(endRetryItem(4, 'failed', 'no'))
    expect(updated.retryItems).toMatchObject([
      { itemId: 4, state: 'failed', submissionId: null, reason: 'no' },
    ])
  })

  test('that another process is submitting can’t be ended by this process', () => {
    const memory = createMemory()
    const item = { itemId: 4, state: 'submitting', submissionId: 's1', reason: null } as const
    memory.put('retryItems', { ...item, isForeign: true })
    expect(memory.run(endRetryItem(4, 'failed', 'no')).updated).toEqual({})
  })

  test.each(['accepted', 'failed', 'unconfirmed'] as const)('that is %s has ended for good', (state) => {
    expect(withItem(createMemory(), state).run(endRetryItem(4, 'waiting', null)).updated).toEqual({})
  })

  test('that is unknown changes nothing', () => {
    expect(createMemory().run(endRetryItem(4, 'failed', 'no')).updated).toEqual({})
  })
})

describe('a retry that ImageKit did not accept', () => {
  /** Withdraws the retry that was submitted at 7,000. The retried run has this acknowledgement and status. */
  const withdraw = (acknowledgedAt: number | null, status: 'failed' | 'pending' = 'failed') => {
    const memory = withFailedRun()
    changeRun(memory, 's1-run-1', { acknowledgedAt, status })
    return memory.run(withdrawRetry('s1-run-1', 7_000)).updated.runs
  }

  test('revokes its acknowledgement of the retried run', () => {
    expect(withdraw(7_000)).toMatchObject([{ runId: 's1-run-1', acknowledgedAt: null }])
  })

  test('does not change a run that was acknowledged at another time or not at all, nor a pending one', () => {
    expect([withdraw(3_000), withdraw(null), withdraw(7_000, 'pending')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('changes nothing if the run is unknown', () => {
    expect(createMemory().run(withdrawRetry('s1-run-1', 7_000)).updated).toEqual({})
  })
})

describe('a retry of many runs', () => {
  test('contains each known run once, in the order of the request, and records the audit entry', () => {
    const memory = submitted(['a', 'b', 'c'])
    const ids = ['s1-run-3', 'nowhere', 's1-run-1', 's1-run-3']
    const { requested, inserted, other } = memory.run(createRetry('retry-1', ids, ENTRY))
    expect(requested).toEqual([
      [
        ['runs', 's1-run-3'],
        ['runs', 'nowhere'],
        ['runs', 's1-run-1'],
      ],
    ])
    expect(other).toEqual({
      retry: { retryId: 'retry-1', at: 7_000, actor: ENTRY.actor, runIds: ['s1-run-3', 's1-run-1'] },
      auditEntries: [ENTRY],
    })
    expect(inserted).toEqual({})
  })
})
