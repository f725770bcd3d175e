import { describe, expect, test } from 'vitest'
import { concurrentChange, mayInclude } from '../../../src/domain/concurrent-change.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Submission } from '../../../src/domain/submission.ts'
import { aRun, aSubmission, frozen } from './facts.ts'

const REQUESTED_AT = 5_000
const RUN = { requestedAt: REQUESTED_AT }

function another(facts: Partial<Submission> = {}): Submission {
  return { ...aSubmission({ kind: 'update', state: 'accepted' }), ...facts }
}

function later(facts: Partial<Submission>, runs: Run[] = []) {
  return concurrentChange(RUN, frozen(another(facts)), frozen(runs), 'later')
}

function earlier(facts: Partial<Submission>, runs: Run[] = []) {
  return concurrentChange(RUN, frozen(another(facts)), frozen(runs), 'earlier')
}

const NOTHING = { submissionId: 'submission-1', replacesFile: false, setsDescription: false, extensions: [] }

describe('a later submission', () => {
  test('may have done everything that it requested', () => {
    const runs = [aRun(), aRun({ name: 'ai-tasks', status: 'success', settledAt: 9_000 })]
    expect(later({}, runs)).toEqual({ ...NOTHING, extensions: ['remove-bg', 'ai-tasks'] })
    expect(later({ setsDescription: true })).toEqual({ ...NOTHING, setsDescription: true })
  })

  test('may have replaced the file, unless it was an update', () => {
    for (const kind of ['upload', 'external'] as const)
      expect(later({ kind })).toEqual({ ...NOTHING, replacesFile: true })
    expect(later({ kind: 'update' })).toBeNull()
  })

  test('has changed nothing if ImageKit rejected it, and in any other state may have changed everything that it requested', () => {
    const request = { kind: 'upload', setsDescription: true } as const
    expect(later({ ...request, state: 'rejected' }, [aRun()])).toBeNull()
    for (const state of ['submitting', 'unconfirmed', 'accepted'] as const) {
      const all = { replacesFile: true, setsDescription: true, extensions: ['remove-bg'] }
      expect(later({ ...request, state }, [aRun()])).toEqual({ ...NOTHING, ...all })
    }
  })

  test('whose run failed had no effect through that run, unless a webhook reported the opposite', () => {
    const failed = { status: 'failed', settledAt: 9_000 } as const
    expect(later({}, [aRun(failed)])).toBeNull()
    expect(later({}, [aRun({ ...failed, contradicted: true })])).toMatchObject({ extensions: ['remove-bg'] })
  })

  test('whose run has expired may have had its effect', () => {
    expect(later({}, [aRun({ status: 'expired' })])).toMatchObject({ extensions: ['remove-bg'] })
  })
})

describe('an earlier submission', () => {
  const request = { kind: 'upload', setsDescription: true, updatedAt: REQUESTED_AT - 1 } as const

  test('whose effects were complete before the run was requested is part of the baseline', () => {
    // Of a settled run, the time at which it settled counts, not that of a later change.
    const settled = { settledAt: REQUESTED_AT - 1, updatedAt: REQUESTED_AT + 1 }
    const runs = [
      aRun({ status: 'success', ...settled }),
      aRun({ name: 'ai-tasks', status: 'expired', updatedAt: REQUESTED_AT - 1 }),
    ]
    expect(earlier(request, runs)).toBeNull()
  })

  test('may have had the effects that were unfinished when the run was requested, and no others', () => {
    const runs = [
      aRun(),
      // Settled in the same millisecond, so perhaps later.
      aRun({ name: 'a', status: 'success', settledAt: REQUESTED_AT }),
      aRun({ name: 'b', status: 'expired', updatedAt: REQUESTED_AT + 1 }),
      aRun({ name: 'c', status: 'success', settledAt: REQUESTED_AT - 1 }),
    ]
    expect(earlier(request, runs)).toEqual({ ...NOTHING, extensions: ['remove-bg', 'a', 'b'] })
  })

  test('that had no response before the run was requested may have had all of its effects, unless it was rejected', () => {
    const all = { ...NOTHING, replacesFile: true, setsDescription: true }
    expect(earlier({ ...request, updatedAt: REQUESTED_AT })).toEqual(all)
    expect(earlier({ ...request, state: 'unconfirmed' })).toEqual(all)
    expect(earlier({ ...request, state: 'submitting' })).toEqual(all)
    expect(earlier({ ...request, state: 'rejected' })).toBeNull()
  })
})

describe('a requested name', () => {
  test('may stand for the extension itself, and a saved extension for any', () => {
    expect(mayInclude(['ai-tasks', 'remove-bg'], 'remove-bg')).toBe(true)
    expect(mayInclude(['saved-extension'], 'remove-bg')).toBe(true)
    expect(mayInclude(['ai-tasks'], 'remove-bg')).toBe(false)
    expect(mayInclude([], 'remove-bg')).toBe(false)
  })
})
