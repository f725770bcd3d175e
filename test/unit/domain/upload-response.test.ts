import { describe, expect, test } from 'vitest'
import type { Baseline } from '../../../src/domain/submission.ts'
import {
  decideResponse,
  type ResponseDecision,
  type UploadResponse,
} from '../../../src/domain/upload-response.ts'
import {
  accepted,
  aRun,
  aSubmission,
  FILE,
  failure,
  frozen,
  numbered,
  requesting,
  type TrackedSubmission,
} from './facts.ts'

const LATER = 2_000

function decide(known: TrackedSubmission, response: UploadResponse): ResponseDecision {
  return decideResponse(
    frozen(known.submission),
    frozen(known.runs),
    frozen(response),
    [],
    numbered('made'),
    LATER,
  )
}

function expectConflict(known: TrackedSubmission, response: UploadResponse): void {
  const { submission } = known
  expect(decide(known, response)).toEqual({
    submission,
    runs: [],
    removedRunId: null,
    result: 'conflict',
    claimed: [],
  })
}

describe('a 2xx response', () => {
  test('accepts the submission, even if it was unconfirmed, and sets its file', () => {
    const known = requesting('remove-bg')
    const error = { code: 'imagekit_timeout', message: 'No response.', status: 504 }
    const unconfirmed = { ...known.submission, state: 'unconfirmed' as const, error }
    const decided = decide({ ...known, submission: unconfirmed }, accepted())
    expect(decided).toMatchObject({ result: 'applied', runs: [], removedRunId: null })
    expect(decided.submission).toEqual({
      ...known.submission,
      state: 'accepted',
      fileId: FILE,
      fileName: 'cat.png',
      requestId: 'request-1',
      error: null,
      updatedAt: LATER,
    })
  })

  test('settles at once the runs that it reports as success or failed', () => {
    const decided = decide(
      requesting('remove-bg', 'ai-tasks'),
      accepted({ 'remove-bg': 'success', 'ai-tasks': 'failed' }),
    )
    expect(decided.runs).toMatchObject([
      { runId: 'run-1', status: 'success', source: 'response', settledAt: LATER },
      { runId: 'run-2', status: 'failed', source: 'response', settledAt: LATER, error: null },
    ])
  })

  test('leaves pending what it reports as pending, with the response as the source', () => {
    const decided = decide(requesting('remove-bg'), accepted({ 'remove-bg': 'pending' }))
    expect(decided.runs).toMatchObject([
      { runId: 'run-1', status: 'pending', source: 'response', settledAt: null },
    ])
  })

  test('leaves pending a requested run that it does not contain', () => {
    const known = requesting('remove-bg', 'ai-tasks')
    const decided = decide(known, accepted({ 'ai-tasks': 'success' }))
    expect(decided.runs.map((run) => run.runId)).toEqual(['run-2'])
    expect(decided.removedRunId).toBeNull()
  })

  test('adds a run for an extension that was not requested', () => {
    const decided = decide(
      requesting('remove-bg'),
      accepted({ 'ai-tasks': 'pending', 'aws-auto-tagging': 'failed' }),
    )
    expect(decided.runs).toMatchObject([
      { runId: 'made-1', name: 'ai-tasks', status: 'pending', source: 'response' },
      { runId: 'made-2', name: 'aws-auto-tagging', status: 'failed', source: 'response', settledAt: LATER },
    ])
    const [made] = decided.runs
    expect(made).toMatchObject({ submissionId: 'submission-1', requestedAt: 1_000, attempt: 1 })
  })

  test('gives an added run the attempt number of the other runs, or 1 if there are none', () => {
    const known = { ...requesting('remove-bg'), runs: [aRun({ attempt: 4 })] }
    expect(decide(known, accepted({ 'ai-tasks': 'pending' })).runs).toMatchObject([{ attempt: 4 }])
    expect(decide(requesting(), accepted({ 'ai-tasks': 'pending' })).runs).toMatchObject([{ attempt: 1 }])
  })

  test('does not change a run that a webhook has settled before, whatever the response contains', () => {
    const known = requesting('remove-bg')
    const run = aRun({ status: 'failed', source: 'webhook', settledAt: 1_500 })
    for (const status of ['pending', 'success', 'failed'] as const) {
      expect(decide({ ...known, runs: [run] }, accepted({ 'remove-bg': status })).runs).toEqual([])
    }
  })

  test('keeps known values that it does not contain', () => {
    const submission = aSubmission({ fileId: FILE, fileName: 'dog.png', requestId: 'request-0' })
    const nothing = accepted({}, { fileId: null, fileName: null, requestId: null })
    expect(decide({ submission, runs: [] }, nothing).submission).toMatchObject({
      state: 'accepted',
      fileId: FILE,
      fileName: 'dog.png',
      requestId: 'request-0',
    })
  })

  test('without a fileId accepts a queued upload, and a later response can name its file', () => {
    const queued = decide(requesting('remove-bg'), accepted({}, { fileId: null }))
    expect(queued).toMatchObject({ result: 'applied', submission: { state: 'accepted', fileId: null } })
    expect(decide({ ...queued, runs: [] }, accepted()).submission.fileId).toBe(FILE)
  })

  test('sets the baseline for evidence, once', () => {
    const baseline: Baseline = {
      versionId: 'version-1',
      versionName: 'Version 1',
      aiTags: { 'aws-auto-tagging': ['cat'] },
      description: null,
      tags: null,
      customMetadata: {},
      updatedAt: null,
      url: null,
    }
    const first = decide(requesting(), { ...accepted(), baseline })
    expect(first.submission.baseline).toEqual(baseline)
    const again = decide(
      { ...first, runs: [] },
      { ...accepted(), baseline: { ...baseline, versionId: 'version-2' } },
    )
    expect(again.submission.baseline).toEqual(baseline)
  })
})

describe('a later response', () => {
  const first = decide(
    requesting('remove-bg', 'ai-tasks'),
    accepted({ 'remove-bg': 'pending', 'ai-tasks': 'success' }),
  )

  test('that repeats the first is applied and changes no run', () => {
    const again = decide(first, accepted({ 'remove-bg': 'pending', 'ai-tasks': 'success' }))
    expect(again).toMatchObject({ result: 'applied', runs: [], removedRunId: null })
  })

  test('that names another fileId is a conflict and changes nothing', () => {
    expectConflict(first, accepted({ 'remove-bg': 'failed' }, { fileId: 'file-2' }))
  })

  test('that names another fileId than the one a webhook bound is a conflict', () => {
    const known = { submission: aSubmission({ state: 'accepted', fileId: 'file-2' }), runs: [aRun()] }
    expectConflict(known, accepted({ 'remove-bg': 'success' }))
  })

  test.each(['rejected', 'unconfirmed'] as const)(
    'that reports the submission as %s after an acceptance that named its file is a conflict',
    (kind) => {
      expectConflict(first, failure(kind))
    },
  )
})

describe('a queued upload', () => {
  const queued = decide(requesting('remove-bg'), accepted({}, { fileId: null }))
  const failed = decide({ ...queued, runs: [aRun()] }, { ...failure('rejected'), requestId: 'request-1' })

  test('can still fail, without a change of its runs', () => {
    expect(failed).toMatchObject({ result: 'applied', runs: [], removedRunId: null })
    const { error } = failure('rejected')
    expect(failed.submission).toEqual({ ...queued.submission, state: 'rejected', error })
  })

  test('that has failed is not queued again by a repetition of the response that queued it', () => {
    expectConflict({ ...failed, runs: [aRun()] }, accepted({}, { fileId: null }))
  })

  test('that has failed is accepted after all if a later response names its file', () => {
    const decided = decide({ ...failed, runs: [aRun()] }, accepted({ 'remove-bg': 'pending' }))
    expect(decided.submission).toMatchObject({ state: 'accepted', fileId: FILE, error: null })
  })

  test('does not become unconfirmed, nor fail once its file is known', () => {
    expectConflict({ ...queued, runs: [aRun()] }, failure('unconfirmed'))
    const done = decide({ ...queued, runs: [aRun()] }, accepted({ 'remove-bg': 'pending' }))
    expectConflict({ ...done, runs: [aRun()] }, failure('rejected'))
  })
})

describe('a rejection or an unclear response', () => {
  test.each(['rejected', 'unconfirmed'] as const)(
    'makes the submission %s, with the reason, and changes no run',
    (kind) => {
      const known = requesting('remove-bg')
      const response = { ...failure(kind), requestId: 'request-9' }
      const decided = decide(known, response)
      expect(decided).toMatchObject({ result: 'applied', runs: [], removedRunId: null })
      expect(decided.submission).toEqual({
        ...known.submission,
        state: kind,
        error: response.error,
        requestId: 'request-9',
        updatedAt: LATER,
      })
    },
  )

  test('keeps the known request id if it has none', () => {
    const submission = aSubmission({ requestId: 'request-0' })
    expect(decide({ submission, runs: [] }, failure('unconfirmed')).submission.requestId).toBe('request-0')
  })

  test('that is unclear may be followed by a 2xx response, which then counts', () => {
    const unconfirmed = decide(requesting('remove-bg'), failure('unconfirmed'))
    const decided = decide({ ...unconfirmed, runs: [aRun()] }, accepted({ 'remove-bg': 'pending' }))
    expect(decided).toMatchObject({ result: 'applied', submission: { state: 'accepted', error: null } })
  })
})

describe('a placeholder of a saved extension', () => {
  test('is removed in the same step when the response names its extension', () => {
    const decided = decide(requesting('ai-tasks', 'saved-extension'), accepted({ 'remove-bg': 'pending' }))
    expect(decided.removedRunId).toBe('run-2')
    expect(decided.runs).toMatchObject([
      { runId: 'made-1', name: 'remove-bg', status: 'pending', source: 'response' },
    ])
  })

  test('is removed even if it expired before the response named its extension', () => {
    const expired = aRun({ name: 'saved-extension', status: 'expired', source: 'expiry' })
    const decided = decide(
      { ...requesting('saved-extension'), runs: [expired] },
      accepted({ 'remove-bg': 'success' }),
    )
    expect(decided).toMatchObject({ removedRunId: 'run-1', runs: [{ name: 'remove-bg', status: 'success' }] })
  })

  test('stays if the response contains only extensions requested by name', () => {
    const decided = decide(requesting('ai-tasks', 'saved-extension'), accepted({ 'ai-tasks': 'success' }))
    expect(decided.removedRunId).toBeNull()
  })

  test('is not returned as changed in the step that removes it', () => {
    const both = accepted({ 'saved-extension': 'pending', 'remove-bg': 'pending' })
    const decided = decide(requesting('saved-extension'), both)
    expect(decided.removedRunId).toBe('run-1')
    expect(decided.runs.map((run) => run.name)).toEqual(['remove-bg'])
  })

  test('is settled, and stays, if the response reports a final status for saved-extension itself', () => {
    const decided = decide(requesting('saved-extension'), accepted({ 'saved-extension': 'failed' }))
    expect(decided).toMatchObject({ removedRunId: null, runs: [{ runId: 'run-1', status: 'failed' }] })
  })
})
