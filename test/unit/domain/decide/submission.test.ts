import { expect, test } from 'vitest'
import { claimIdempotencyKey } from '../../../../src/domain/decide/idempotency.ts'
import { createSubmission } from '../../../../src/domain/decide/submission.ts'
import { newSubmission } from '../../../contract/builders.ts'
import { createMemory } from './memory.ts'
import { numbered } from './submitted.ts'

const REQUEST = newSubmission(['remove-bg', 'ai-tasks', 'remove-bg'], {
  at: 1_000,
  attempt: 3,
})
const CLAIM = { scope: 'key-1', nonce: 'own' }
const KEY = { ...CLAIM, fingerprint: 'abc' }

function create(memory = createMemory(), key?: typeof KEY) {
  return memory.run(createSubmission(REQUEST, key), { submission: () => 's1', run: numbered('run') })
}

test('A submission is inserted with its details and one run for each distinct name', () => {
  const { result, inserted, updated } = create()
  expect(result).toEqual({ submissionId: 's1' })
  expect(inserted.submissions).toMatchObject([{ submissionId: 's1', state: 'submitting', respondedAt: null }])
  expect(inserted.details).toEqual([{ submissionId: 's1', extensions: REQUEST.extensions, baseline: null }])
  expect(inserted.runs).toMatchObject([
    { runId: 'run-1', name: 'remove-bg', attempt: 3, requestedAt: 1_000 },
    { runId: 'run-2', name: 'ai-tasks', attempt: 3, requestedAt: 1_000 },
  ])
  expect(updated).toEqual({})
})

test('The row of a submission does not repeat its details', () => {
  const { inserted } = create()
  expect(inserted.submissions?.[0]).not.toHaveProperty('extensions')
  expect(inserted.submissions?.[0]).not.toHaveProperty('baseline')
})

test('New runs are listed, and neither due nor overdue', () => {
  const { inserted } = create()
  const rowFields = { dueAt: null, isOverdue: false, isListed: true, settledBy: null }
  expect(inserted.runs).toMatchObject([rowFields, rowFields])
})

test('A submission without an idempotency key requests no rows', () => {
  expect(create().requested).toEqual([])
})

test('A claimed key gets the fingerprint of the request and the id of its submission', () => {
  const memory = createMemory()
  memory.run(claimIdempotencyKey(CLAIM, 900))
  const { requested, updated } = create(memory, KEY)
  expect(requested).toEqual([[['claims', 'key-1']]])
  expect(updated.claims).toMatchObject([
    { ...CLAIM, claimedAt: 900, fingerprint: 'abc', submissionId: 's1', response: null },
  ])
})

test.each(['no request', 'another request'])(
  'Nothing is submitted under a key that %s has claimed',
  (holder) => {
    const memory = createMemory()
    if (holder !== 'no request') memory.run(claimIdempotencyKey({ ...CLAIM, nonce: 'other' }, 900))
    expect(() => create(memory, KEY)).toThrow(expect.objectContaining({ code: 'request_in_progress' }))
  },
)
