import { describe, expect, test } from 'vitest'
import {
  type DeliveryDecision,
  decideDelivery,
  type ExtensionResult,
  type SubmissionHead,
} from '../../../src/domain/extension-result.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Submission } from '../../../src/domain/submission.ts'
import { applyFact, aResult, aRun, aSubmission, FILE, frozen, numbered, requesting } from './facts.ts'

const LATER = 2_000

type RequestedSubmission = SubmissionHead & Pick<Submission, 'extensions'>
type State = { submission: RequestedSubmission; runs: readonly Run[] }

function decide(known: State, result: ExtensionResult): DeliveryDecision<RequestedSubmission> {
  const { submission, runs } = frozen(known)
  return decideDelivery(
    submission,
    { runs, extensions: submission.extensions },
    frozen(result),
    numbered('made'),
    LATER,
  )
}

function expectIgnored(known: State, result: ExtensionResult, cause: string, runId: string | null): void {
  const { submission } = known
  const unchanged = { submission, runs: [], removedRunId: null }
  expect(decide(known, result)).toEqual({ ...unchanged, outcome: 'ignored', cause, runId })
}

describe('a webhook', () => {
  test('settles the run of its service, and no other', () => {
    const decided = decide(requesting('ai-tasks', 'remove-bg'), aResult())
    expect(decided).toMatchObject({ outcome: 'applied', cause: null, runId: 'run-2', removedRunId: null })
    expect(decided.runs).toHaveLength(1)
    expect(decided.runs[0]).toMatchObject({
      runId: 'run-2',
      status: 'success',
      source: 'webhook',
      settledAt: LATER,
    })
  })

  test('with FAILURE copies its error to the run', () => {
    const decided = decide(requesting('remove-bg'), aResult({ status: 'failed', error: { message: 'no' } }))
    expect(decided.runs[0]).toMatchObject({ status: 'failed', error: { message: 'no' } })
  })

  test('that repeats a success, whatever the source of that success, is a duplicate and changes no run', () => {
    for (const source of ['response', 'webhook', 'reconcile'] as const) {
      const run = aRun({ status: 'success', source, settledAt: 1_500 })
      const decided = decide({ submission: aSubmission(), runs: [run] }, aResult())
      expect(decided).toMatchObject({ outcome: 'duplicate', cause: null, runId: 'run-1', runs: [] })
    }
  })

  test('that repeats a failure fills the error if it is null', () => {
    const run = aRun({ status: 'failed', source: 'response', settledAt: 1_500 })
    const decided = decide(
      { submission: aSubmission(), runs: [run] },
      aResult({ status: 'failed', error: 'why' }),
    )
    expect(decided.outcome).toBe('duplicate')
    expect(decided.runs).toEqual([{ ...run, error: 'why', updatedAt: LATER }])
  })

  test('with the opposite of a final status is contradicted, and when repeated a duplicate', () => {
    const run = aRun({ status: 'success', source: 'webhook', settledAt: 1_500 })
    const first = decide({ submission: aSubmission(), runs: [run] }, aResult({ status: 'failed' }))
    expect(first).toMatchObject({ outcome: 'contradicted', runId: 'run-1', cause: null })
    expect(first.runs).toMatchObject([{ status: 'success', contradicted: true }])
    const again = decide({ submission: aSubmission(), runs: first.runs }, aResult({ status: 'failed' }))
    expect(again).toMatchObject({ outcome: 'duplicate', runId: 'run-1', runs: [] })
  })

  test('that is late still settles an expired run', () => {
    const run = aRun({ status: 'expired', source: 'expiry' })
    const decided = decide({ submission: aSubmission(), runs: [run] }, aResult({ status: 'failed' }))
    expect(decided).toMatchObject({ outcome: 'applied', runs: [{ status: 'failed', settledAt: LATER }] })
  })
})

describe('a webhook is ignored', () => {
  const known = requesting('remove-bg')
  const bound = { ...known, submission: aSubmission({ state: 'accepted', fileId: FILE }) }

  test('if its service was not requested and no placeholder waits for it', () => {
    expectIgnored(known, aResult({ service: 'ai-tasks' }), 'not_requested', null)
    expectIgnored(requesting(), aResult(), 'not_requested', null)
  })

  test('if its fileId is not the submission’s, whether it would otherwise be applied or contradicted', () => {
    expectIgnored(bound, aResult({ fileId: 'file-2' }), 'other_file', null)
    const settled = { ...bound, runs: [aRun({ status: 'success', source: 'webhook', settledAt: 1_500 })] }
    expectIgnored(settled, aResult({ fileId: 'file-2', status: 'failed' }), 'other_file', null)
  })

  test('if its fileId is not the submission’s, even if a placeholder waits for a name', () => {
    const saved = { ...requesting('saved-extension'), submission: bound.submission }
    expectIgnored(saved, aResult({ fileId: 'file-2' }), 'other_file', null)
  })

  test('if it names no service, with or without a placeholder', () => {
    expectIgnored(known, aResult({ service: null }), 'unknown_shape', null)
    expectIgnored(requesting('saved-extension'), aResult({ service: null }), 'unknown_shape', null)
  })

  test('if its status is unknown; the decision names the run of its service, if there is one', () => {
    expectIgnored(known, aResult({ status: null }), 'unknown_status', 'run-1')
    expectIgnored(known, aResult({ status: null, service: 'ai-tasks' }), 'unknown_status', null)
    expectIgnored(requesting('saved-extension'), aResult({ status: null }), 'unknown_status', null)
  })
})

describe('the submission of a webhook', () => {
  test.each(['submitting', 'unconfirmed', 'rejected'] as const)(
    'that was %s is accepted, because ImageKit has it',
    (state) => {
      const error = { code: 'imagekit_timeout', message: 'No response.', status: 504 }
      const submission = aSubmission({ state, error })
      const decided = decide({ submission, runs: [aRun()] }, aResult())
      expect(decided.submission).toEqual({
        ...submission,
        state: 'accepted',
        fileId: FILE,
        error: null,
        updatedAt: LATER,
      })
    },
  )

  test('is bound by the first fileId', () => {
    const known = requesting('remove-bg', 'ai-tasks')
    const first = applyFact(known, { kind: 'webhook', result: aResult() }, numbered('made'), LATER).known
    expect(first.submission.fileId).toBe(FILE)
    expectIgnored(first, aResult({ service: 'ai-tasks', fileId: 'file-2' }), 'other_file', null)
    expect(decide(first, aResult({ service: 'ai-tasks' })).outcome).toBe('applied')
  })

  test('is not bound by a webhook without a fileId, which still settles its run', () => {
    const decided = decide(requesting('remove-bg'), aResult({ fileId: null }))
    expect(decided).toMatchObject({ outcome: 'applied', submission: { state: 'accepted', fileId: null } })
    const bound = aSubmission({ state: 'accepted', fileId: FILE })
    const next = decide({ submission: bound, runs: [aRun()] }, aResult({ fileId: null }))
    expect(next).toMatchObject({ outcome: 'applied', submission: { fileId: FILE } })
  })

  test('is bound by a later webhook if the first had no fileId, even by a duplicate', () => {
    const first = decide(requesting('remove-bg'), aResult({ fileId: null }))
    const second = decide(first, aResult())
    expect(second).toMatchObject({ outcome: 'duplicate', submission: { fileId: FILE, updatedAt: LATER } })
  })

  test('does not change if it is already accepted and bound', () => {
    const submission = aSubmission({ state: 'accepted', fileId: FILE })
    expect(decide({ submission, runs: [aRun()] }, aResult()).submission).toBe(submission)
  })
})

describe('a placeholder of a saved extension', () => {
  test('is removed in the same step when a webhook names its extension', () => {
    const known = requesting('ai-tasks', 'saved-extension')
    const decided = decide(known, aResult())
    expect(decided).toMatchObject({ outcome: 'applied', cause: null, removedRunId: 'run-2', runId: 'made-1' })
    expect(decided.runs).toHaveLength(1)
    expect(decided.runs[0]).toMatchObject({
      runId: 'made-1',
      name: 'remove-bg',
      status: 'success',
      source: 'webhook',
    })
  })

  test('passes its submission, attempt and time of request to the run that replaces it', () => {
    const placeholder = aRun({ name: 'saved-extension', attempt: 3, requestedAt: 777 })
    const { submission } = requesting('saved-extension')
    const decided = decide({ submission, runs: [placeholder] }, aResult())
    expect(decided.runs[0]).toMatchObject({ submissionId: 'submission-1', attempt: 3, requestedAt: 777 })
  })

  test('stays if the webhook reports on an extension that was requested by name', () => {
    const decided = decide(requesting('remove-bg', 'saved-extension'), aResult())
    expect(decided).toMatchObject({ outcome: 'applied', removedRunId: null, runId: 'run-1' })
  })

  test('is settled itself if ImageKit calls it saved-extension, and then waits for no name', () => {
    const decided = decide(requesting('saved-extension'), aResult({ service: 'saved-extension' }))
    expect(decided).toMatchObject({
      outcome: 'applied',
      removedRunId: null,
      runs: [{ runId: 'run-1', status: 'success' }],
    })
    expectIgnored(decided, aResult(), 'not_requested', null)
  })

  test('of several saved extensions stays until the last of them is named', () => {
    const known = requesting('saved-extension', 'saved-extension')
    const newRunId = numbered('made')
    const first = applyFact(known, { kind: 'webhook', result: aResult() }, newRunId, LATER)
    expect(first.decision).toMatchObject({ outcome: 'applied', removedRunId: null })
    const again = applyFact(first.known, { kind: 'webhook', result: aResult() }, newRunId, LATER)
    expect(again.decision).toMatchObject({ outcome: 'duplicate', removedRunId: null, runs: [] })
    const result = aResult({ service: 'ai-tasks', status: 'failed' })
    const last = applyFact(again.known, { kind: 'webhook', result }, newRunId, LATER)
    expect(last.decision).toMatchObject({ outcome: 'applied', removedRunId: 'run-1' })
    expect(last.known.runs.map((run) => run.name)).toEqual(['remove-bg', 'ai-tasks'])
    expectIgnored(last.known, aResult({ service: 'aws-auto-tagging' }), 'not_requested', null)
  })

  test('still waits for the name of its extension after it has expired', () => {
    const expired = aRun({ name: 'saved-extension', status: 'expired', source: 'expiry' })
    const decided = decide({ ...requesting('saved-extension'), runs: [expired] }, aResult())
    expect(decided).toMatchObject({
      outcome: 'applied',
      removedRunId: 'run-1',
      runs: [{ status: 'success' }],
    })
  })
})
