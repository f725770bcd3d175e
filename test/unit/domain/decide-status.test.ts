import { describe, expect, test } from 'vitest'
import { decideStatus, type Observation } from '../../../src/domain/decide-status.ts'
import type { FinalStatus, Run } from '../../../src/domain/run.ts'
import { aRun, frozen, NEW_TAGS } from './facts.ts'

const LATER = 2_000

const SUCCESS: Observation = { source: 'webhook', status: 'success', error: null }
const FAILURE: Observation = { source: 'webhook', status: 'failed', error: { message: 'too large' } }
const EVIDENCE: Observation = { source: 'reconcile', status: 'success', evidence: NEW_TAGS }
const EXPIRY: Observation = { source: 'expiry', reason: 'timed_out' }
const STILL_PENDING: Observation = { source: 'response', status: 'pending' }

function response(status: FinalStatus): Observation {
  return { source: 'response', status }
}

function settled(status: FinalStatus, facts: Partial<Run> = {}): Run {
  return frozen(aRun({ status, source: 'webhook', settledAt: 1_500, updatedAt: 1_500, ...facts }))
}

const pending = frozen(aRun())
const expired = frozen(aRun({ status: 'expired', source: 'expiry', updatedAt: 1_500 }))

describe('a run that is not settled', () => {
  test.each([
    ['a webhook that reports SUCCESS', SUCCESS, 'success', 'webhook'],
    ['a webhook that reports FAILURE', FAILURE, 'failed', 'webhook'],
    ['a response that reports success', response('success'), 'success', 'response'],
    ['a response that reports failed', response('failed'), 'failed', 'response'],
    ['evidence', EVIDENCE, 'success', 'reconcile'],
  ])(
    'is settled by %s, whether it is pending or expired, with the source and the time',
    (_, observation, status, source) => {
      for (const run of [pending, expired]) {
        const observed = decideStatus(run, observation, LATER)
        expect(observed.outcome).toBe('applied')
        expect(observed.run).toMatchObject({
          status,
          source,
          settledAt: LATER,
          updatedAt: LATER,
          contradicted: false,
        })
        expect(observed.run).toMatchObject({
          runId: run.runId,
          requestedAt: run.requestedAt,
          attempt: run.attempt,
        })
      }
    },
  )

  test('stays pending when the response reports pending, and its source becomes the response', () => {
    const observed = decideStatus(pending, STILL_PENDING, LATER)
    expect(observed).toEqual({
      outcome: 'applied',
      run: { ...pending, source: 'response', updatedAt: LATER },
    })
    expect(decideStatus(observed.run, STILL_PENDING, LATER + 1)).toEqual({
      outcome: 'ignored',
      run: observed.run,
    })
  })

  test('expires when the window ends, which is not a failure and does not settle it', () => {
    const observed = decideStatus(pending, EXPIRY, LATER)
    expect(observed.outcome).toBe('applied')
    const evidence = { kind: 'timed_out' }
    expect(observed.run).toEqual({
      ...pending,
      status: 'expired',
      source: 'expiry',
      updatedAt: LATER,
      evidence,
    })
    expect(observed.run.settledAt).toBeNull()
  })

  test('stays expired when the response reports pending or the window ends again', () => {
    expect(decideStatus(expired, STILL_PENDING, LATER)).toEqual({ outcome: 'ignored', run: expired })
    expect(decideStatus(expired, EXPIRY, LATER)).toEqual({ outcome: 'ignored', run: expired })
  })
})

describe('a settled run', () => {
  test.each([
    ['response', 'success', SUCCESS],
    ['webhook', 'success', SUCCESS],
    ['reconcile', 'success', SUCCESS],
    ['response', 'failed', { ...FAILURE, error: null }],
    ['webhook', 'failed', { ...FAILURE, error: null }],
  ] as const)(
    'whose source is %s and status %s is not changed by a webhook that repeats the status without an error',
    (source, status, observation) => {
      const run = settled(status, { source })
      expect(decideStatus(run, observation, LATER)).toEqual({ outcome: 'duplicate', run })
    },
  )

  test('that has failed without an error takes the error of a webhook that repeats the failure', () => {
    const run = settled('failed', { source: 'response' })
    const observed = decideStatus(run, FAILURE, LATER)
    expect(observed.outcome).toBe('duplicate')
    expect(observed.run).toEqual({ ...run, error: { message: 'too large' }, updatedAt: LATER })
  })

  test('keeps its first error', () => {
    const run = settled('failed', { error: { message: 'the first' } })
    expect(decideStatus(run, FAILURE, LATER)).toEqual({ outcome: 'duplicate', run })
  })

  test.each([
    ['success', FAILURE],
    ['failed', SUCCESS],
  ] as const)(
    'with the status %s is contradicted by a webhook with the opposite status, and keeps its own',
    (status, observation) => {
      const run = settled(status)
      const observed = decideStatus(run, observation, LATER)
      expect(observed).toEqual({ outcome: 'contradicted', run: { ...run, contradicted: true } })
    },
  )

  test('is contradicted once: the repeated opposite is a duplicate', () => {
    const { run } = decideStatus(settled('success'), FAILURE, LATER)
    expect(decideStatus(frozen(run), FAILURE, LATER + 1)).toEqual({ outcome: 'duplicate', run })
  })

  test('is not contradicted by a repetition of its own status after the opposite', () => {
    const { run } = decideStatus(settled('success'), FAILURE, LATER)
    expect(decideStatus(frozen(run), SUCCESS, LATER + 1)).toEqual({ outcome: 'duplicate', run })
  })

  test('is not changed by an opposite response or evidence, because only a webhook contradicts', () => {
    const failed = settled('failed')
    expect(decideStatus(failed, EVIDENCE, LATER)).toEqual({ outcome: 'ignored', run: failed })
    expect(decideStatus(failed, response('success'), LATER)).toEqual({ outcome: 'ignored', run: failed })
    const success = settled('success')
    expect(decideStatus(success, response('failed'), LATER)).toEqual({ outcome: 'ignored', run: success })
  })

  test('is not changed by a response that still reports pending, nor by the end of the window', () => {
    // A settled run never has the source `request`. Even with it, a pending response would change nothing.
    for (const run of [settled('success'), settled('failed'), settled('success', { source: 'request' })]) {
      expect(decideStatus(run, STILL_PENDING, LATER)).toEqual({ outcome: 'ignored', run })
      expect(decideStatus(run, EXPIRY, LATER)).toEqual({ outcome: 'ignored', run })
    }
  })
})

describe('the evidence of a run', () => {
  const expiredAs = (reason: 'asset_gone' | 'timed_out') =>
    frozen(decideStatus(pending, { source: 'expiry', reason }, LATER).run)

  test.each(['asset_gone', 'timed_out'] as const)('is the reason for the expiry: %s', (reason) => {
    expect(expiredAs(reason).evidence).toEqual({ kind: reason })
  })

  test('stays the first reason if the run expires again for another', () => {
    const run = expiredAs('timed_out')
    expect(decideStatus(run, { source: 'expiry', reason: 'asset_gone' }, LATER + 1)).toEqual({
      outcome: 'ignored',
      run,
    })
  })

  test('is the evidence that settled the run, whether it was pending or expired', () => {
    for (const run of [pending, expiredAs('timed_out')])
      expect(decideStatus(run, EVIDENCE, LATER).run).toMatchObject({ status: 'success', evidence: NEW_TAGS })
  })

  test('is null if ImageKit reported the status, so the reason of an expiry is removed', () => {
    for (const observation of [SUCCESS, FAILURE, response('success')])
      expect(decideStatus(expiredAs('asset_gone'), observation, LATER).run.evidence).toBeNull()
  })

  test('does not change when a webhook repeats or contradicts the status', () => {
    const run = frozen(decideStatus(pending, EVIDENCE, LATER).run)
    expect(decideStatus(run, SUCCESS, LATER + 1)).toEqual({ outcome: 'duplicate', run })
    expect(decideStatus(run, FAILURE, LATER + 1).run).toMatchObject({
      contradicted: true,
      evidence: NEW_TAGS,
    })
  })

  test('stays null when evidence repeats the status that ImageKit reported', () => {
    const run = settled('success')
    expect(decideStatus(run, EVIDENCE, LATER)).toEqual({ outcome: 'duplicate', run })
  })
})

describe('the error of a run', () => {
  const LIMIT = 16 * 1024

  function failWith(error: string): Run {
    return decideStatus(pending, { source: 'webhook', status: 'failed', error }, LATER).run
  }

  test('is ImageKit’s error, unchanged', () => {
    const error = { code: 12, reasons: ['a', { b: null }] }
    expect(decideStatus(pending, { source: 'webhook', status: 'failed', error }, LATER).run.error).toEqual(
      error,
    )
  })

  test('is stored completely up to 16 KiB; of a larger one only the size is stored', () => {
    const quoteBytes = 2
    expect(failWith('x'.repeat(LIMIT - quoteBytes)).error).toBe('x'.repeat(LIMIT - quoteBytes))
    expect(failWith('x'.repeat(LIMIT - quoteBytes + 1)).error).toEqual({ truncated: true, bytes: LIMIT + 1 })
  })

  test('is measured in bytes, not in characters', () => {
    expect(failWith('é'.repeat(LIMIT / 2)).error).toEqual({ truncated: true, bytes: LIMIT + 2 })
  })

  test('is also limited when a repeated failure fills it in', () => {
    const observation: Observation = { source: 'webhook', status: 'failed', error: 'x'.repeat(LIMIT) }
    expect(decideStatus(settled('failed'), observation, LATER).run.error).toEqual({
      truncated: true,
      bytes: LIMIT + 2,
    })
  })

  test('is null for a success, whatever the webhook contained', () => {
    const observation: Observation = { source: 'webhook', status: 'success', error: { message: 'odd' } }
    expect(decideStatus(pending, observation, LATER).run.error).toBeNull()
    expect(decideStatus(settled('success'), observation, LATER).run.error).toBeNull()
  })

  test('stays null for a success that a webhook contradicts', () => {
    expect(decideStatus(settled('success'), FAILURE, LATER).run.error).toBeNull()
  })
})
