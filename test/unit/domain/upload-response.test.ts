import { describe, expect, test } from 'vitest'
import type { Baseline } from '../../../src/domain/submission.ts'
import {
  decideResponse,
  type ResponseDecision,
  type UploadResponse,
} from '../../../src/domain/upload-response.ts'
import { accepted, aRun, aSubmission, asking, FILE, failure, frozen, type Known, numbered } from './facts.ts'

const LATER = 2_000

function judge(known: Known, answer: UploadResponse): ResponseDecision {
  return decideResponse(
    frozen(known.submission),
    frozen(known.runs),
    frozen(answer),
    [],
    numbered('made'),
    LATER,
  )
}

function expectConflict(known: Known, answer: UploadResponse): void {
  const { submission } = known
  expect(judge(known, answer)).toEqual({
    submission,
    runs: [],
    goneRunId: null,
    result: 'conflict',
    claimed: [],
  })
}

describe('a 2xx response', () => {
  test('accepts the submission and tells its file', () => {
    const known = asking('remove-bg')
    const error = { code: 'imagekit_timeout', message: 'No answer.', status: 504 }
    const unconfirmed = { ...known.submission, state: 'unconfirmed' as const, error }
    const judged = judge({ ...known, submission: unconfirmed }, accepted())
    expect(judged).toMatchObject({ result: 'applied', runs: [], goneRunId: null })
    expect(judged.submission).toEqual({
      ...known.submission,
      state: 'accepted',
      fileId: FILE,
      fileName: 'cat.png',
      requestId: 'request-1',
      error: null,
      updatedAt: LATER,
    })
  })

  test('settles at once what it calls success or failed', () => {
    const judged = judge(
      asking('remove-bg', 'ai-tasks'),
      accepted({ 'remove-bg': 'success', 'ai-tasks': 'failed' }),
    )
    expect(judged.runs).toMatchObject([
      { runId: 'run-1', status: 'success', source: 'response', settledAt: LATER },
      { runId: 'run-2', status: 'failed', source: 'response', settledAt: LATER, error: null },
    ])
  })

  test('leaves pending what it calls pending, and the source is then the response', () => {
    const judged = judge(asking('remove-bg'), accepted({ 'remove-bg': 'pending' }))
    expect(judged.runs).toMatchObject([
      { runId: 'run-1', status: 'pending', source: 'response', settledAt: null },
    ])
  })

  test('leaves pending what was requested and is absent from it', () => {
    const known = asking('remove-bg', 'ai-tasks')
    const judged = judge(known, accepted({ 'ai-tasks': 'success' }))
    expect(judged.runs.map((run) => run.runId)).toEqual(['run-2'])
    expect(judged.goneRunId).toBeNull()
  })

  test('makes a run of what is in it and was not requested', () => {
    const judged = judge(
      asking('remove-bg'),
      accepted({ 'ai-tasks': 'pending', 'aws-auto-tagging': 'failed' }),
    )
    expect(judged.runs).toMatchObject([
      { runId: 'made-1', name: 'ai-tasks', status: 'pending', source: 'response' },
      { runId: 'made-2', name: 'aws-auto-tagging', status: 'failed', source: 'response', settledAt: LATER },
    ])
    const [made] = judged.runs
    expect(made).toMatchObject({ submissionId: 'submission-1', requestedAt: 1_000, attempt: 1 })
  })

  test('does not count an attempt of ours for the run it makes', () => {
    const known = { ...asking('remove-bg'), runs: [aRun({ attempt: 4 })] }
    expect(judge(known, accepted({ 'ai-tasks': 'pending' })).runs).toMatchObject([{ attempt: 4 }])
    expect(judge(asking(), accepted({ 'ai-tasks': 'pending' })).runs).toMatchObject([{ attempt: 1 }])
  })

  test('changes no run that a webhook had settled before it, whatever it says', () => {
    const known = asking('remove-bg')
    const run = aRun({ status: 'failed', source: 'webhook', settledAt: 1_500 })
    for (const status of ['pending', 'success', 'failed'] as const) {
      expect(judge({ ...known, runs: [run] }, accepted({ 'remove-bg': status })).runs).toEqual([])
    }
  })

  test('keeps what is known where it has nothing to say', () => {
    const submission = aSubmission({ fileId: FILE, fileName: 'dog.png', requestId: 'request-0' })
    const nothing = accepted({}, { fileId: null, fileName: null, requestId: null })
    expect(judge({ submission, runs: [] }, nothing).submission).toMatchObject({
      state: 'accepted',
      fileId: FILE,
      fileName: 'dog.png',
      requestId: 'request-0',
    })
  })

  test('without a fileId is an upload that ImageKit has queued', () => {
    const queued = judge(asking('remove-bg'), accepted({}, { fileId: null }))
    expect(queued).toMatchObject({ result: 'applied', submission: { state: 'accepted', fileId: null } })
    expect(judge({ ...queued, runs: [] }, accepted()).submission.fileId).toBe(FILE)
  })

  test('gives the baseline that evidence is compared with, once', () => {
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
    const first = judge(asking(), { ...accepted(), baseline })
    expect(first.submission.baseline).toEqual(baseline)
    const again = judge(
      { ...first, runs: [] },
      { ...accepted(), baseline: { ...baseline, versionId: 'version-2' } },
    )
    expect(again.submission.baseline).toEqual(baseline)
  })
})

describe('an answer told again', () => {
  const first = judge(
    asking('remove-bg', 'ai-tasks'),
    accepted({ 'remove-bg': 'pending', 'ai-tasks': 'success' }),
  )

  test('is applied and changes no run', () => {
    const again = judge(first, accepted({ 'remove-bg': 'pending', 'ai-tasks': 'success' }))
    expect(again).toMatchObject({ result: 'applied', runs: [], goneRunId: null })
  })

  test('that names another fileId is a conflict and changes nothing', () => {
    expectConflict(first, accepted({ 'remove-bg': 'failed' }, { fileId: 'file-2' }))
  })

  test('that names another fileId than the one a webhook bound is a conflict', () => {
    const known = { submission: aSubmission({ state: 'accepted', fileId: 'file-2' }), runs: [aRun()] }
    expectConflict(known, accepted({ 'remove-bg': 'success' }))
  })

  test.each(['rejected', 'unconfirmed'] as const)('as %s after ImageKit accepted is a conflict', (kind) => {
    expectConflict(first, failure(kind))
  })
})

describe('a queued upload', () => {
  const queued = judge(asking('remove-bg'), accepted({}, { fileId: null }))
  const failed = judge({ ...queued, runs: [aRun()] }, { ...failure('rejected'), requestId: 'request-1' })

  test('can still fail, which touches no run', () => {
    expect(failed).toMatchObject({ result: 'applied', runs: [], goneRunId: null })
    const { error } = failure('rejected')
    expect(failed.submission).toEqual({ ...queued.submission, state: 'rejected', error })
  })

  test('that has failed is not queued again by whoever repeats that it was', () => {
    expectConflict({ ...failed, runs: [aRun()] }, accepted({}, { fileId: null }))
  })

  test('that has failed can be proved by the file that it made', () => {
    const judged = judge({ ...failed, runs: [aRun()] }, accepted({ 'remove-bg': 'pending' }))
    expect(judged.submission).toMatchObject({ state: 'accepted', fileId: FILE, error: null })
  })

  test('is not made unclear by an answer that is, nor failed once its file is known', () => {
    expectConflict({ ...queued, runs: [aRun()] }, failure('unconfirmed'))
    const done = judge({ ...queued, runs: [aRun()] }, accepted({ 'remove-bg': 'pending' }))
    expectConflict({ ...done, runs: [aRun()] }, failure('rejected'))
  })
})

describe('an answer that is not 2xx', () => {
  test.each(['rejected', 'unconfirmed'] as const)(
    'makes the submission %s, with the reason, and touches no run',
    (kind) => {
      const known = asking('remove-bg')
      const answer = { ...failure(kind), requestId: 'request-9' }
      const judged = judge(known, answer)
      expect(judged).toMatchObject({ result: 'applied', runs: [], goneRunId: null })
      expect(judged.submission).toEqual({
        ...known.submission,
        state: kind,
        error: answer.error,
        requestId: 'request-9',
        updatedAt: LATER,
      })
    },
  )

  test('keeps the request id that is known where it has none', () => {
    const submission = aSubmission({ requestId: 'request-0' })
    expect(judge({ submission, runs: [] }, failure('unconfirmed')).submission.requestId).toBe('request-0')
  })

  test('may be followed by a 2xx response, which is then believed', () => {
    const unconfirmed = judge(asking('remove-bg'), failure('unconfirmed'))
    const judged = judge({ ...unconfirmed, runs: [aRun()] }, accepted({ 'remove-bg': 'pending' }))
    expect(judged).toMatchObject({ result: 'applied', submission: { state: 'accepted', error: null } })
  })
})

describe('a placeholder of a saved extension', () => {
  test('goes, in the same step, when the response names what it stood for', () => {
    const judged = judge(asking('ai-tasks', 'saved-extension'), accepted({ 'remove-bg': 'pending' }))
    expect(judged.goneRunId).toBe('run-2')
    expect(judged.runs).toMatchObject([
      { runId: 'made-1', name: 'remove-bg', status: 'pending', source: 'response' },
    ])
  })

  test('goes when it has expired before the response named it', () => {
    const expired = aRun({ name: 'saved-extension', status: 'expired', source: 'expiry' })
    const judged = judge(
      { ...asking('saved-extension'), runs: [expired] },
      accepted({ 'remove-bg': 'success' }),
    )
    expect(judged).toMatchObject({ goneRunId: 'run-1', runs: [{ name: 'remove-bg', status: 'success' }] })
  })

  test('stays where the response speaks only of what was requested by name', () => {
    const judged = judge(asking('ai-tasks', 'saved-extension'), accepted({ 'ai-tasks': 'success' }))
    expect(judged.goneRunId).toBeNull()
  })

  test('is not given out as changed in the step in which it goes', () => {
    const both = accepted({ 'saved-extension': 'pending', 'remove-bg': 'pending' })
    const judged = judge(asking('saved-extension'), both)
    expect(judged.goneRunId).toBe('run-1')
    expect(judged.runs.map((run) => run.name)).toEqual(['remove-bg'])
  })

  test('is an ordinary run if the response calls it saved-extension', () => {
    const judged = judge(asking('saved-extension'), accepted({ 'saved-extension': 'failed' }))
    expect(judged).toMatchObject({ goneRunId: null, runs: [{ runId: 'run-1', status: 'failed' }] })
  })
})
