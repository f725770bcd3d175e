import { describe, expect, test } from 'vitest'
import { isNotificationDue } from '../../../src/domain/notification.ts'
import { type Observation, observe } from '../../../src/domain/observe.ts'
import type { Run } from '../../../src/domain/run.ts'
import { aRun, aSubmission, frozen, NEW_TAGS } from './facts.ts'

const told = frozen(aSubmission({ callerWebhookUrl: 'https://caller.example/hook' }))

const SUCCESS: Observation = { source: 'webhook', status: 'success', error: null }
const FAILURE: Observation = { source: 'webhook', status: 'failed', error: null }
const EVIDENCE: Observation = { source: 'reconcile', status: 'success', evidence: NEW_TAGS }
const EXPIRY: Observation = { source: 'expiry', reason: 'timed_out' }
const pending = frozen(aRun())
const expired = frozen(observe(pending, EXPIRY, 1_500).run)

function owes(before: Run, observation: Observation, submission = told): boolean {
  return isNotificationDue(submission, before, observe(before, observation, 2_000).run)
}

describe('a caller with a webhookUrl of its own', () => {
  test.each([
    ['a webhook that says SUCCESS', SUCCESS],
    ['a webhook that says FAILURE', FAILURE],
    ['evidence', EVIDENCE],
  ])('is told of a run that %s settles, pending or expired', (_, observation) => {
    expect(owes(pending, observation)).toBe(true)
    expect(owes(expired, observation)).toBe(true)
  })

  test('is told of a run that is made and settled in one step', () => {
    expect(isNotificationDue(told, undefined, observe(pending, SUCCESS, 2_000).run)).toBe(true)
  })

  test('is not told of what the response said, for it has that response, nor of an expiry', () => {
    for (const status of ['pending', 'success', 'failed'] as const)
      expect(owes(pending, { source: 'response', status })).toBe(false)
    expect(owes(pending, EXPIRY)).toBe(false)
    expect(isNotificationDue(told, undefined, pending)).toBe(false)
  })

  test('is told once, whatever is said afterwards', () => {
    for (const first of [SUCCESS, FAILURE, EVIDENCE, { source: 'response', status: 'failed' } as const]) {
      const settled = frozen(observe(pending, first, 1_500).run)
      const error = { message: 'fills a missing one' }
      for (const later of [SUCCESS, { ...FAILURE, error }, EVIDENCE, EXPIRY])
        expect(owes(settled, later)).toBe(false)
    }
  })
})

test('A caller without a webhookUrl is owed nothing', () => {
  const submission = aSubmission({ callerWebhookUrl: null })
  for (const observation of [SUCCESS, FAILURE, EVIDENCE])
    expect(owes(pending, observation, submission)).toBe(false)
})
