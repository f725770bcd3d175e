import { describe, expect, test } from 'vitest'
import { recoverAbandoned } from '../../../../src/domain/decide/recovery.ts'
import type { RetryItemState } from '../../../../src/domain/retry.ts'
import { createMemory } from './memory.ts'
import { CLAIM, submitted } from './submitted.ts'

const recover = recoverAbandoned(9_000, 8_000)

describe('submissions of an ended process', () => {
  test('become unconfirmed if it was submitting them, with the reason', () => {
    const memory = submitted(['remove-bg'])
    submitted([], { submissionId: 's2', kind: 'update' }, memory)
    const { result, updated } = memory.run(recover)
    expect(result).toEqual({ submissions: 2 })
    const unconfirmed = {
      state: 'unconfirmed',
      error: { code: 'process_died' },
      updatedAt: 9_000,
      respondedAt: 9_000,
    }
    expect(updated.submissions).toMatchObject([
      { ...unconfirmed, submissionId: 's1' },
      { ...unconfirmed, submissionId: 's2' },
    ])
    expect(Object.keys(updated)).toEqual(['submissions'])
  })

  test('with a known request id keep it', () => {
    const { updated } = submitted([], { requestId: 'request-1' }).run(recover)
    expect(updated.submissions).toMatchObject([{ requestId: 'request-1' }])
  })

  test.each(['accepted', 'rejected', 'unconfirmed'] as const)('do not change if they are %s', (state) => {
    const { result, updated } = submitted(['remove-bg'], { state }).run(recover)
    expect([result, updated]).toEqual([{ submissions: 0 }, {}])
  })

  test('do not change if they are external, because their response may still be reported', () => {
    const { result, updated } = submitted(['remove-bg'], { kind: 'external' }).run(recover)
    expect([result, updated]).toEqual([{ submissions: 0 }, {}])
  })

  test('are recovered only once', () => {
    const memory = submitted(['remove-bg'])
    memory.run(recover)
    const { result, updated } = memory.run(recoverAbandoned(9_500, 8_500))
    expect([result, updated]).toEqual([{ submissions: 0 }, {}])
  })
})

describe('idempotency keys of an ended process', () => {
  test.each(['submitting', 'accepted', 'unconfirmed'] as const)(
    'are marked as abandoned if their submission is %s, because ImageKit may have it',
    (state) => {
      const memory = submitted([], { state })
      memory.put('claims', CLAIM)
      const { updated, removed } = memory.run(recover)
      expect(updated.claims).toEqual([{ ...CLAIM, abandoned: true }])
      expect(removed).toEqual({})
    },
  )

  test.each([
    ['their submission was rejected', submitted([], { state: 'rejected' }), CLAIM],
    ['they have no submission', createMemory(), { ...CLAIM, fingerprint: null, submissionId: null }],
    ['their submission is unknown', createMemory(), CLAIM],
  ])('are free again if %s', (_, memory, claim) => {
    memory.put('claims', claim)
    const { updated, removed } = memory.run(recover)
    expect(removed.claims).toEqual([claim])
    expect(updated.claims).toBeUndefined()
  })

  test('stay abandoned, even if their submission is rejected by now', () => {
    const memory = submitted([], { state: 'rejected' })
    memory.put('claims', { ...CLAIM, abandoned: true })
    expect(memory.run(recover).removed).toEqual({})
  })

  test('do not change if they have a response', () => {
    const memory = submitted([], { state: 'accepted' })
    memory.put('claims', { ...CLAIM, response: { status: 200, headers: {}, body: '{}' } })
    const { updated, removed } = memory.run(recover)
    expect([updated, removed]).toEqual([{}, {}])
  })
})

test('Retry items that were being submitted become unconfirmed; the others do not change', () => {
  const memory = createMemory()
  const states: RetryItemState[] = ['waiting', 'submitting', 'accepted', 'failed', 'unconfirmed']
  for (const [itemId, state] of states.entries())
    memory.put('retryItems', { itemId, state, submissionId: 's1', reason: null, isForeign: false })
  expect(memory.run(recover).updated.retryItems).toEqual([
    {
      itemId: 1,
      state: 'unconfirmed',
      submissionId: 's1',
      reason: expect.stringContaining('ended'),
      isForeign: false,
    },
  ])
})

test('Once the unfinished rows are found, a recovery requests the details of submissions and the submissions of claims', () => {
  const memory = submitted([])
  submitted([], { submissionId: 's2', state: 'accepted' }, memory)
  memory.put('claims', { ...CLAIM, submissionId: 's2' })
  expect(memory.run(recover).requested.slice(1)).toEqual([
    [
      ['details', 's1'],
      ['submissions', 's2'],
    ],
  ])
})
