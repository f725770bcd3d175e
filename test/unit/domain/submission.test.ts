import { expect, test } from 'vitest'
import { type NewSubmission, openSubmission } from '../../../src/domain/submission.ts'
import { frozen, numbered } from './facts.ts'

function ids() {
  return { submission: numbered('submission'), run: numbered('run') }
}

const request: NewSubmission = frozen({
  kind: 'update',
  fileId: 'file-1',
  fileName: 'cat.png',
  extensions: [
    { name: 'remove-bg', options: { add_shadow: true } },
    { name: 'google-auto-tagging', minConfidence: 80 },
    { name: 'remove-bg' },
    { name: 'an-extension-of-tomorrow' },
  ],
  callerWebhookUrl: 'https://example.com/hook',
  keyName: 'shop',
  setsDescription: true,
  at: 5_000,
  attempt: 1,
})

test('A requested run exists as soon as its submission does: pending, with the source `request`, not settled', () => {
  const { runs } = openSubmission(request, ids())
  expect(runs[0]).toEqual({
    runId: 'run-1',
    submissionId: 'submission-1',
    name: 'remove-bg',
    requestedAs: null,
    status: 'pending',
    source: 'request',
    attempt: 1,
    requestedAt: 5_000,
    settledAt: null,
    updatedAt: 5_000,
    error: null,
    evidence: null,
    contradicted: false,
    acknowledgedAt: null,
  })
})

test('A submission has one run per distinct name, in the order of the request', () => {
  const { runs } = openSubmission(request, ids())
  expect(runs.map((run) => [run.runId, run.name])).toEqual([
    ['run-1', 'remove-bg'],
    ['run-2', 'google-auto-tagging'],
    ['run-3', 'an-extension-of-tomorrow'],
  ])
})

test('A submission stores the request, is in progress, and has no response yet', () => {
  const { submission } = openSubmission(request, ids())
  const { at, attempt: _, ...requested } = request
  expect(submission).toEqual({
    ...requested,
    submissionId: 'submission-1',
    state: 'submitting',
    requestId: null,
    error: null,
    baseline: null,
    traceparent: null,
    createdAt: at,
    updatedAt: at,
  })
})

test('The runs of a retry have the number of the attempt', () => {
  const { runs } = openSubmission({ ...request, attempt: 3 }, ids())
  expect(runs.map((run) => run.attempt)).toEqual([3, 3, 3])
})

test('Several saved extensions share one placeholder run', () => {
  const saved = [
    { name: 'saved-extension', id: 'ext_1' },
    { name: 'saved-extension', id: 'ext_2' },
  ]
  const { submission, runs } = openSubmission({ ...request, extensions: saved }, ids())
  expect(runs.map((run) => run.name)).toEqual(['saved-extension'])
  expect(submission.extensions).toEqual(saved)
})

test('A saved extension whose real name is known has a run with that name, and others share the placeholder', () => {
  const extensions = [
    { name: 'saved-extension', id: 'ext_1' },
    { name: 'remove-bg' },
    { name: 'saved-extension', id: 'ext_2' },
    { name: 'saved-extension', id: 'ext_3' },
    { name: 'other', id: 'ext_1' },
  ]
  const savedNames = new Map([
    ['ext_1', 'ai-tasks'],
    ['ext_2', 'remove-bg'],
  ])
  const { submission, runs } = openSubmission({ ...request, extensions, savedNames }, ids())
  expect(runs.map(({ name, requestedAs }) => [name, requestedAs])).toEqual([
    ['ai-tasks', 'saved-extension'],
    ['remove-bg', null],
    ['saved-extension', null],
    ['other', null],
  ])
  expect(submission).toMatchObject({ extensions })
  expect(submission).not.toHaveProperty('savedNames')
})

test('An upload without extensions is a submission without runs', () => {
  const { runs } = openSubmission({ ...request, kind: 'upload', extensions: [] }, ids())
  expect(runs).toEqual([])
})
