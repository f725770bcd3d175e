import { describe, expect, test } from 'vitest'
import { concurrentChange, mayRun } from '../../../src/domain/concurrent-change.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Submission } from '../../../src/domain/submission.ts'
import { aRun, aSubmission, frozen } from './facts.ts'

const ASKED_AT = 5_000
const RUN = { requestedAt: ASKED_AT }

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
  test('may have done all that it asked for', () => {
    const runs = [aRun(), aRun({ name: 'ai-tasks', status: 'success', settledAt: 9_000 })]
    expect(later({}, runs)).toEqual({ ...NOTHING, extensions: ['remove-bg', 'ai-tasks'] })
    expect(later({ setsDescription: true })).toEqual({ ...NOTHING, setsDescription: true })
  })

  test('may have put a new file there, unless it was an update', () => {
    for (const kind of ['upload', 'external'] as const)
      expect(later({ kind })).toEqual({ ...NOTHING, replacesFile: true })
    expect(later({ kind: 'update' })).toBeNull()
  })

  test('has done nothing where ImageKit has refused it, and may have where nothing clear came back', () => {
    const asks = { kind: 'upload', setsDescription: true } as const
    expect(later({ ...asks, state: 'rejected' }, [aRun()])).toBeNull()
    for (const state of ['submitting', 'unconfirmed', 'accepted'] as const) {
      const all = { replacesFile: true, setsDescription: true, extensions: ['remove-bg'] }
      expect(later({ ...asks, state }, [aRun()])).toEqual({ ...NOTHING, ...all })
    }
  })

  test('whose extension has failed has had no effect, if nobody says the opposite', () => {
    const failed = { status: 'failed', settledAt: 9_000 } as const
    expect(later({}, [aRun(failed)])).toBeNull()
    expect(later({}, [aRun({ ...failed, contradicted: true })])).toMatchObject({ extensions: ['remove-bg'] })
  })

  test('that has expired may have had its effect all the same', () => {
    expect(later({}, [aRun({ status: 'expired' })])).toMatchObject({ extensions: ['remove-bg'] })
  })
})

describe('an earlier submission', () => {
  const asks = { kind: 'upload', setsDescription: true, updatedAt: ASKED_AT - 1 } as const

  test('that was over by then is in the baseline', () => {
    const settled = { settledAt: ASKED_AT - 1, updatedAt: ASKED_AT + 1 }
    const runs = [
      aRun({ status: 'success', ...settled }),
      aRun({ name: 'ai-tasks', status: 'expired', updatedAt: ASKED_AT - 1 }),
    ]
    expect(earlier(asks, runs)).toBeNull()
  })

  test('may have had the effect of what was open then, and of nothing else', () => {
    const runs = [
      aRun(),
      aRun({ name: 'a', status: 'success', settledAt: ASKED_AT }),
      aRun({ name: 'b', status: 'expired', updatedAt: ASKED_AT + 1 }),
      aRun({ name: 'c', status: 'success', settledAt: ASKED_AT - 1 }),
    ]
    expect(earlier(asks, runs)).toEqual({ ...NOTHING, extensions: ['remove-bg', 'a', 'b'] })
  })

  test('whose answer had not come by then may have had all of its effect', () => {
    const all = { ...NOTHING, replacesFile: true, setsDescription: true }
    expect(earlier({ ...asks, updatedAt: ASKED_AT })).toEqual(all)
    expect(earlier({ ...asks, state: 'unconfirmed' })).toEqual(all)
    expect(earlier({ ...asks, state: 'submitting' })).toEqual(all)
    expect(earlier({ ...asks, state: 'rejected' })).toBeNull()
  })
})

describe('a name', () => {
  test('may stand for the extension itself, and a saved extension for any', () => {
    expect(mayRun(['ai-tasks', 'remove-bg'], 'remove-bg')).toBe(true)
    expect(mayRun(['saved-extension'], 'remove-bg')).toBe(true)
    expect(mayRun(['ai-tasks'], 'remove-bg')).toBe(false)
    expect(mayRun([], 'remove-bg')).toBe(false)
  })
})
