import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeAsset } from '../../../src/domain/asset.ts'
import {
  accepted,
  applyFact,
  applyFacts,
  aResult,
  aRun,
  type Fact,
  failure,
  frozen,
  numbered,
  requesting,
  statusesOf,
  type TrackedSubmission,
} from './facts.ts'

function webhook(service: string, status: 'success' | 'failed' = 'success'): Fact {
  return {
    kind: 'webhook',
    result: aResult({ service, status, error: status === 'failed' ? { message: 'no' } : null }),
  }
}

function response(statuses: Parameters<typeof accepted>[0]): Fact {
  return { kind: 'response', response: accepted(statuses) }
}

function statusesAfter(start: TrackedSubmission, ...facts: Fact[]): { [name: string]: string } {
  return statusesOf(applyFacts(start, facts).at(-1)?.known ?? start)
}

describe('a webhook for a service that was not requested', () => {
  test('is applied, with its error, when a later response names the service', () => {
    const steps = applyFacts(requesting('remove-bg'), [
      webhook('ai-tasks', 'failed'),
      response({ 'ai-tasks': 'pending' }),
    ])
    expect(steps[0]?.decision).toMatchObject({ outcome: 'ignored', cause: 'not_requested' })
    const run = steps.at(-1)?.known.runs.find(({ name }) => name === 'ai-tasks')
    expect(run).toMatchObject({ status: 'failed', source: 'webhook', error: { message: 'no' } })
  })

  test('leads to the same statuses before and after the response, however often either of them comes', () => {
    const facts = fc.array(
      fc.constantFrom(webhook('ai-tasks'), webhook('remove-bg'), response({ 'ai-tasks': 'pending' })),
    )
    fc.assert(
      fc.property(facts, (some) => {
        const all = [...some, response({ 'ai-tasks': 'pending' }), webhook('ai-tasks'), webhook('remove-bg')]
        expect(statusesAfter(requesting('remove-bg'), ...all)).toEqual({
          'remove-bg': 'success',
          'ai-tasks': 'success',
        })
      }),
    )
  })

  test('settles the run that a later response adds; a repetition changes nothing, and the opposite result contradicts the run', () => {
    const known = applyFacts(requesting(), [
      webhook('ai-tasks'),
      webhook('ai-tasks'),
      webhook('ai-tasks', 'failed'),
    ]).at(-1)?.known
    expect(known?.unclaimed).toHaveLength(3)
    const claimed =
      known && applyFact(known, response({ 'ai-tasks': 'pending' }), numbered('made'), 9_000).known
    expect(claimed).toMatchObject({ unclaimed: [], runs: [{ status: 'success', contradicted: true }] })
  })

  test('for another file is not applied', () => {
    const other: Fact = { kind: 'webhook', result: aResult({ service: 'ai-tasks', fileId: 'file-2' }) }
    expect(statusesAfter(requesting(), other, response({ 'ai-tasks': 'pending' }))).toEqual({
      'ai-tasks': 'pending',
    })
  })
})

describe('a saved extension', () => {
  const twoSaved = requesting('saved-extension', 'saved-extension')

  test('that the response omits is still named by its webhook', () => {
    const facts = [response({ 'remove-bg': 'pending' }), webhook('remove-bg'), webhook('ai-tasks')]
    expect(statusesAfter(twoSaved, ...facts)).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'success' })
  })

  test('gets only one name: a webhook for yet another service adds no run', () => {
    const facts = [webhook('remove-bg'), webhook('ai-tasks'), webhook('aws-auto-tagging')]
    expect(statusesAfter(twoSaved, ...facts)).toEqual({ 'remove-bg': 'success', 'ai-tasks': 'success' })
  })

  test('that expired does not become pending again when a late response names it', () => {
    const start = requesting('saved-extension')
    expect(statusesAfter(start, { kind: 'expiry' }, response({ 'remove-bg': 'pending' }))).toEqual({
      'remove-bg': 'expired',
    })
  })

  test('that ImageKit settles under the placeholder’s name keeps that status', () => {
    const both = response({ 'saved-extension': 'failed', 'remove-bg': 'pending' })
    expect(statusesAfter(requesting('saved-extension'), both)).toEqual({
      'saved-extension': 'failed',
      'remove-bg': 'pending',
    })
  })

  test('that is requested again and then named replaces the placeholder of the earlier request as the current run', () => {
    const oldPlaceholder = aRun({
      runId: 'old',
      submissionId: 's1',
      name: 'saved-extension',
      status: 'expired',
      source: 'expiry',
    })
    const named = applyFacts(requesting('saved-extension'), [webhook('remove-bg')]).at(-1)?.known.runs ?? []
    expect(named).toMatchObject([{ name: 'remove-bg', requestedAs: 'saved-extension' }])
    expect(
      describeAsset(frozen({ fileId: 'f', recordedAt: 0, runs: [oldPlaceholder, ...named] })),
    ).toMatchObject({
      status: 'success',
      runs: [{ name: 'remove-bg' }],
    })
  })
})

describe('a further response', () => {
  test.each([accepted({ 'remove-bg': 'pending' }), failure('rejected'), failure('unconfirmed')])(
    'that repeats the first changes nothing: $kind',
    (repeated) => {
      const first = applyFact(
        requesting('remove-bg'),
        { kind: 'response', response: repeated },
        numbered('a'),
        2_000,
      ).known
      expect(applyFact(first, { kind: 'response', response: repeated }, numbered('b'), 3_000).known).toEqual(
        first,
      )
    },
  )

  test('that is unclear does not replace a rejection', () => {
    const facts: Fact[] = [
      { kind: 'response', response: failure('rejected') },
      { kind: 'response', response: failure('unconfirmed') },
    ]
    expect(applyFacts(requesting('remove-bg'), facts).at(-1)?.known.submission.state).toBe('rejected')
  })
})
