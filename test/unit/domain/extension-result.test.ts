import { describe, expect, test } from 'vitest'
import {
  type BoundSubmission,
  type DeliveryDecision,
  decideDelivery,
  type ExtensionResult,
} from '../../../src/domain/extension-result.ts'
import type { Run } from '../../../src/domain/run.ts'
import type { Submission } from '../../../src/domain/submission.ts'
import { aRun, aSubmission, asking, aWord, FILE, frozen, numbered, tell } from './facts.ts'

const LATER = 2_000

type Asked = BoundSubmission & Pick<Submission, 'extensions'>
type Judged = { submission: Asked; runs: readonly Run[] }

function judge(known: Judged, result: ExtensionResult): DeliveryDecision<Asked> {
  const { submission, runs } = frozen(known)
  return decideDelivery(
    submission,
    { runs, extensions: submission.extensions },
    frozen(result),
    numbered('made'),
    LATER,
  )
}

function expectIgnored(known: Judged, result: ExtensionResult, cause: string, runId: string | null): void {
  const { submission } = known
  const nothing = { submission, runs: [], goneRunId: null }
  expect(judge(known, result)).toEqual({ ...nothing, outcome: 'ignored', cause, runId })
}

describe('a webhook', () => {
  test('settles the run of its service, and no other', () => {
    const judged = judge(asking('ai-tasks', 'remove-bg'), aWord())
    expect(judged).toMatchObject({ outcome: 'applied', cause: null, runId: 'run-2', goneRunId: null })
    expect(judged.runs).toHaveLength(1)
    expect(judged.runs[0]).toMatchObject({
      runId: 'run-2',
      status: 'success',
      source: 'webhook',
      settledAt: LATER,
    })
  })

  test('that says FAILURE brings its error to the run', () => {
    const judged = judge(asking('remove-bg'), aWord({ status: 'failed', error: { message: 'no' } }))
    expect(judged.runs[0]).toMatchObject({ status: 'failed', error: { message: 'no' } })
  })

  test('that repeats a final result, wherever that result came from, is a duplicate and changes no run', () => {
    for (const source of ['response', 'webhook', 'reconcile'] as const) {
      const run = aRun({ status: 'success', source, settledAt: 1_500 })
      const judged = judge({ submission: aSubmission(), runs: [run] }, aWord())
      expect(judged).toMatchObject({ outcome: 'duplicate', cause: null, runId: 'run-1', runs: [] })
    }
  })

  test('that repeats a failure fills the error where it is null', () => {
    const run = aRun({ status: 'failed', source: 'response', settledAt: 1_500 })
    const judged = judge(
      { submission: aSubmission(), runs: [run] },
      aWord({ status: 'failed', error: 'why' }),
    )
    expect(judged.outcome).toBe('duplicate')
    expect(judged.runs).toEqual([{ ...run, error: 'why', updatedAt: LATER }])
  })

  test('that says the opposite is contradicted; said again, it is a duplicate', () => {
    const run = aRun({ status: 'success', source: 'webhook', settledAt: 1_500 })
    const first = judge({ submission: aSubmission(), runs: [run] }, aWord({ status: 'failed' }))
    expect(first).toMatchObject({ outcome: 'contradicted', runId: 'run-1', cause: null })
    expect(first.runs).toMatchObject([{ status: 'success', contradicted: true }])
    const again = judge({ submission: aSubmission(), runs: first.runs }, aWord({ status: 'failed' }))
    expect(again).toMatchObject({ outcome: 'duplicate', runId: 'run-1', runs: [] })
  })

  test('that comes late still settles an expired run', () => {
    const run = aRun({ status: 'expired', source: 'expiry' })
    const judged = judge({ submission: aSubmission(), runs: [run] }, aWord({ status: 'failed' }))
    expect(judged).toMatchObject({ outcome: 'applied', runs: [{ status: 'failed', settledAt: LATER }] })
  })
})

describe('a webhook is kept and ignored', () => {
  const known = asking('remove-bg')
  const bound = { ...known, submission: aSubmission({ state: 'accepted', fileId: FILE }) }

  test('if its service was not requested and no placeholder waits for it', () => {
    expectIgnored(known, aWord({ service: 'ai-tasks' }), 'not_requested', null)
    expectIgnored(asking(), aWord(), 'not_requested', null)
  })

  test("if its fileId is not the submission's, even where it would have repeated or contradicted", () => {
    expectIgnored(bound, aWord({ fileId: 'file-2' }), 'other_file', null)
    const settled = { ...bound, runs: [aRun({ status: 'success', source: 'webhook', settledAt: 1_500 })] }
    expectIgnored(settled, aWord({ fileId: 'file-2', status: 'failed' }), 'other_file', null)
  })

  test("if its fileId is not the submission's, though a placeholder waits for a name", () => {
    const saved = { ...asking('saved-extension'), submission: bound.submission }
    expectIgnored(saved, aWord({ fileId: 'file-2' }), 'other_file', null)
  })

  test('if it names no service, with or without a placeholder', () => {
    expectIgnored(known, aWord({ service: null }), 'unknown_shape', null)
    expectIgnored(asking('saved-extension'), aWord({ service: null }), 'unknown_shape', null)
  })

  test('if its status is not known, and tells the run that it speaks of', () => {
    expectIgnored(known, aWord({ status: null }), 'unknown_status', 'run-1')
    expectIgnored(known, aWord({ status: null, service: 'ai-tasks' }), 'unknown_status', null)
    expectIgnored(asking('saved-extension'), aWord({ status: null }), 'unknown_status', null)
  })
})

describe('the submission of a webhook', () => {
  test.each(['submitting', 'unconfirmed', 'rejected'] as const)(
    'that was %s is accepted, for ImageKit has it',
    (state) => {
      const error = { code: 'imagekit_timeout', message: 'No answer.', status: 504 }
      const submission = aSubmission({ state, error })
      const judged = judge({ submission, runs: [aRun()] }, aWord())
      expect(judged.submission).toEqual({
        ...submission,
        state: 'accepted',
        fileId: FILE,
        error: null,
        updatedAt: LATER,
      })
    },
  )

  test('is bound by the first fileId it is told', () => {
    const known = asking('remove-bg', 'ai-tasks')
    const first = tell(known, { kind: 'webhook', result: aWord() }, numbered('made'), LATER).known
    expect(first.submission.fileId).toBe(FILE)
    expectIgnored(first, aWord({ service: 'ai-tasks', fileId: 'file-2' }), 'other_file', null)
    expect(judge(first, aWord({ service: 'ai-tasks' })).outcome).toBe('applied')
  })

  test('is not bound by a webhook without a fileId, and settles its run all the same', () => {
    const judged = judge(asking('remove-bg'), aWord({ fileId: null }))
    expect(judged).toMatchObject({ outcome: 'applied', submission: { state: 'accepted', fileId: null } })
    const bound = aSubmission({ state: 'accepted', fileId: FILE })
    const next = judge({ submission: bound, runs: [aRun()] }, aWord({ fileId: null }))
    expect(next).toMatchObject({ outcome: 'applied', submission: { fileId: FILE } })
  })

  test('is bound by a later webhook where the first had no fileId, a duplicate too', () => {
    const first = judge(asking('remove-bg'), aWord({ fileId: null }))
    const second = judge(first, aWord())
    expect(second).toMatchObject({ outcome: 'duplicate', submission: { fileId: FILE, updatedAt: LATER } })
  })

  test('is not touched where it is accepted and bound already', () => {
    const submission = aSubmission({ state: 'accepted', fileId: FILE })
    expect(judge({ submission, runs: [aRun()] }, aWord()).submission).toBe(submission)
  })
})

describe('a placeholder of a saved extension', () => {
  test('goes, in the same step, when a webhook names what it stood for', () => {
    const known = asking('ai-tasks', 'saved-extension')
    const judged = judge(known, aWord())
    expect(judged).toMatchObject({ outcome: 'applied', cause: null, goneRunId: 'run-2', runId: 'made-1' })
    expect(judged.runs).toHaveLength(1)
    expect(judged.runs[0]).toMatchObject({
      runId: 'made-1',
      name: 'remove-bg',
      status: 'success',
      source: 'webhook',
    })
  })

  test('gives its submission, attempt and time of request to the run that takes its place', () => {
    const placeholder = aRun({ name: 'saved-extension', attempt: 3, requestedAt: 777 })
    const { submission } = asking('saved-extension')
    const judged = judge({ submission, runs: [placeholder] }, aWord())
    expect(judged.runs[0]).toMatchObject({ submissionId: 'submission-1', attempt: 3, requestedAt: 777 })
  })

  test('stays where the webhook speaks of an extension that was requested by name', () => {
    const judged = judge(asking('remove-bg', 'saved-extension'), aWord())
    expect(judged).toMatchObject({ outcome: 'applied', goneRunId: null, runId: 'run-1' })
  })

  test('is settled itself if ImageKit calls it saved-extension', () => {
    const judged = judge(asking('saved-extension'), aWord({ service: 'saved-extension' }))
    expect(judged).toMatchObject({
      outcome: 'applied',
      goneRunId: null,
      runs: [{ runId: 'run-1', status: 'success' }],
    })
    expectIgnored({ ...judged, runs: judged.runs }, aWord(), 'not_requested', null)
  })

  test('of several saved extensions stays until the last of them is named', () => {
    const known = asking('saved-extension', 'saved-extension')
    const newRunId = numbered('made')
    const first = tell(known, { kind: 'webhook', result: aWord() }, newRunId, LATER)
    expect(first.decision).toMatchObject({ outcome: 'applied', goneRunId: null })
    const again = tell(first.known, { kind: 'webhook', result: aWord() }, newRunId, LATER)
    expect(again.decision).toMatchObject({ outcome: 'duplicate', goneRunId: null, runs: [] })
    const result = aWord({ service: 'ai-tasks', status: 'failed' })
    const last = tell(again.known, { kind: 'webhook', result }, newRunId, LATER)
    expect(last.decision).toMatchObject({ outcome: 'applied', goneRunId: 'run-1' })
    expect(last.known.runs.map((run) => run.name)).toEqual(['remove-bg', 'ai-tasks'])
    expectIgnored(last.known, aWord({ service: 'aws-auto-tagging' }), 'not_requested', null)
  })

  test('still waits for its name when it has expired', () => {
    const expired = aRun({ name: 'saved-extension', status: 'expired', source: 'expiry' })
    const judged = judge({ ...asking('saved-extension'), runs: [expired] }, aWord())
    expect(judged).toMatchObject({ outcome: 'applied', goneRunId: 'run-1', runs: [{ status: 'success' }] })
  })
})
