import { describe, expect, test } from 'vitest'
import { decideStatus, type Observation } from '../../../src/domain/decide-status.ts'
import { isNotificationDue } from '../../../src/domain/notification.ts'
import type { Run } from '../../../src/domain/run.ts'
import { aRun, aSubmission, frozen, NEW_TAGS } from './facts.ts'

const withCallerUrl = frozen(aSubmission({ callerWebhookUrl: 'https://caller.example/hook' }))

const SUCCESS: Observation = { source: 'webhook', status: 'success', error: null }
const FAILURE: Observation = { source: 'webhook', status: 'failed', error: null }
const EVIDENCE: Observation = { source: 'reconcile', status: 'success', evidence: NEW_TAGS }
const EXPIRY: Observation = { source: 'expiry', reason: 'timed_out' }
const pending = frozen(aRun())
const expired = frozen(decideStatus(pending, EXPIRY, 1_500).run)

function isDue(before: Run, observation: Observation, submission = withCallerUrl): boolean {
  return isNotificationDue(submission, before, decideStatus(before, observation, 2_000).run)
}

describe('a caller with a webhookUrl of its own', () => {
  test.each([
    ['a webhook that reports SUCCESS', SUCCESS],
    ['a webhook that reports FAILURE', FAILURE],
    ['evidence', EVIDENCE],
  ])('is notified of a run that %s settles, whether it was pending or expired', (_, observation) => {
    expect(isDue(pending, observation)).toBe(true)
    expect(isDue(expired, observation)).toBe(true)
  })

  test('is notified of a run that is added and settled in one step', () => {
    expect(isNotificationDue(withCallerUrl, undefined, decideStatus(pending, SUCCESS, 2_000).run)).toBe(true)
  })

  test('is not notified of statuses in ImageKit’s response, of an expired run, or of a new pending run', () => {
    for (const status of ['pending', 'success', 'failed'] as const)
      expect(isDue(pending, { source: 'response', status })).toBe(false)
    expect(isDue(pending, EXPIRY)).toBe(false)
    expect(isNotificationDue(withCallerUrl, undefined, pending)).toBe(false)
  })

  test('is not notified of anything that is reported once the run has settled', () => {
    for (const first of [SUCCESS, FAILURE, EVIDENCE, { source: 'response', status: 'failed' } as const]) {
      const settled = frozen(decideStatus(pending, first, 1_500).run)
      const error = { message: 'fills a missing one' }
      for (const later of [SUCCESS, { ...FAILURE, error }, EVIDENCE, EXPIRY])
        expect(isDue(settled, later)).toBe(false)
    }
  })
})

test('A caller without a webhookUrl is not notified', () => {
  const submission = aSubmission({ callerWebhookUrl: null })
  for (const observation of [SUCCESS, FAILURE, EVIDENCE])
    expect(isDue(pending, observation, submission)).toBe(false)
})
