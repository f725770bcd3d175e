import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeAsset } from '../../../src/domain/asset.ts'
import {
  accepted,
  aRun,
  asking,
  aWord,
  type Fact,
  failure,
  frozen,
  type Known,
  numbered,
  play,
  statusesOf,
  tell,
} from './facts.ts'

function webhook(service: string, status: 'success' | 'failed' = 'success'): Fact {
  return {
    kind: 'webhook',
    result: aWord({ service, status, error: status === 'failed' ? { message: 'no' } : null }),
  }
}

function answer(statuses: Parameters<typeof accepted>[0]): Fact {
  return { kind: 'answer', answer: accepted(statuses) }
}

function end(start: Known, ...facts: Fact[]): { [name: string]: string } {
  return statusesOf(play(start, facts).at(-1)?.known ?? start)
}

describe('a webhook of a service that nobody asked for', () => {
  test('is applied when the response names that service afterwards, with its error', () => {
    const steps = play(asking('remove-bg'), [
      webhook('ai-tasks', 'failed'),
      answer({ 'ai-tasks': 'pending' }),
    ])
    expect(steps[0]?.decision).toMatchObject({ outcome: 'ignored', cause: 'not_requested' })
    const run = steps.at(-1)?.known.runs.find(({ name }) => name === 'ai-tasks')
    expect(run).toMatchObject({ status: 'failed', source: 'webhook', error: { message: 'no' } })
  })

  test('ends as it would have after the response, however often and whenever it came', () => {
    const facts = fc.array(
      fc.constantFrom(webhook('ai-tasks'), webhook('remove-bg'), answer({ 'ai-tasks': 'pending' })),
    )
    fc.assert(
      fc.property(facts, (told) => {
        const all = [...told, answer({ 'ai-tasks': 'pending' }), webhook('ai-tasks'), webhook('remove-bg')]
        expect(end(asking('remove-bg'), ...all)).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'success' })
      }),
    )
  })

  test('is told once as applied and then as duplicate', () => {
    const known = play(asking(), [
      webhook('ai-tasks'),
      webhook('ai-tasks'),
      webhook('ai-tasks', 'failed'),
    ]).at(-1)?.known
    expect(known?.unclaimed).toHaveLength(3)
    const end = known && tell(known, answer({ 'ai-tasks': 'pending' }), numbered('made'), 9_000).known
    expect(end).toMatchObject({ unclaimed: [], runs: [{ status: 'success', contradicted: true }] })
  })

  test('of another file is not taken', () => {
    const other: Fact = { kind: 'webhook', result: aWord({ service: 'ai-tasks', fileId: 'file-2' }) }
    expect(end(asking(), other, answer({ 'ai-tasks': 'pending' }))).toEqual({ 'ai-tasks': 'pending' })
  })
})

describe('a saved extension', () => {
  const two = asking('saved-extension', 'saved-extension')

  test('that the response leaves out is still known by its webhook', () => {
    const facts = [answer({ 'remove-bg': 'pending' }), webhook('remove-bg'), webhook('ai-tasks')]
    expect(end(two, ...facts)).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'success' })
  })

  test('has no more names than it was asked for', () => {
    const facts = [webhook('remove-bg'), webhook('ai-tasks'), webhook('aws-auto-tagging')]
    expect(end(two, ...facts)).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'success' })
  })

  test('that expired is not pending again when a late response names it', () => {
    const start = asking('saved-extension')
    expect(end(start, { kind: 'expiry' }, answer({ 'remove-bg': 'pending' }))).toEqual({
      'remove-bg': 'expired',
    })
  })

  test('that ImageKit settles by its own name keeps that word', () => {
    const both = answer({ 'saved-extension': 'failed', 'remove-bg': 'pending' })
    expect(end(asking('saved-extension'), both)).toEqual({
      'saved-extension': 'failed',
      'remove-bg': 'pending',
    })
  })

  test('that is asked for again leaves no older placeholder current once its name is told', () => {
    const old = aRun({
      runId: 'old',
      submissionId: 's1',
      name: 'saved-extension',
      status: 'expired',
      source: 'expiry',
    })
    const named = play(asking('saved-extension'), [webhook('remove-bg')]).at(-1)?.known.runs ?? []
    expect(named).toMatchObject([{ name: 'remove-bg', requestedAs: 'saved-extension' }])
    expect(describeAsset(frozen({ fileId: 'f', recordedAt: 0, runs: [old, ...named] }))).toMatchObject({
      status: 'success',
      runs: [{ name: 'remove-bg' }],
    })
  })
})

describe('an answer told again', () => {
  test.each([accepted({ 'remove-bg': 'pending' }), failure('rejected'), failure('unconfirmed')])(
    'changes nothing',
    (said) => {
      const first = tell(asking('remove-bg'), { kind: 'answer', answer: said }, numbered('a'), 2_000).known
      expect(tell(first, { kind: 'answer', answer: said }, numbered('b'), 3_000).known).toEqual(first)
    },
  )

  test('less clearly does not weaken a refusal', () => {
    const facts: Fact[] = [
      { kind: 'answer', answer: failure('rejected') },
      { kind: 'answer', answer: failure('unconfirmed') },
    ]
    expect(play(asking('remove-bg'), facts).at(-1)?.known.submission.state).toBe('rejected')
  })
})
