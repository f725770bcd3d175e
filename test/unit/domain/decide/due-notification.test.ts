import { expect, test } from 'vitest'
import {
  claimNotification,
  recordNotificationResult,
  releaseNotification,
  resendNotifications,
} from '../../../../src/domain/decide/due-notification.ts'
import type { NotificationRow } from '../../../../src/domain/decide/rows.ts'
import type { NotificationResult } from '../../../../src/domain/notification.ts'
import { AN_ATTEMPT, anAuditEntry } from '../../../contract/builders.ts'
import { createMemory } from './memory.ts'

const ROW: NotificationRow = {
  notificationId: 'msg_1',
  runId: 'run-1',
  target: 'https://caller.example/hook',
  host: 'caller.example',
  body: '{}',
  attempt: 2,
  createdAt: 1_000,
  dueAt: 2_000,
  result: 'again',
  reason: 'status_500',
  attempts: [],
}

/** `claim`: the due time that the claim has set. If it is no longer that of the row, the claim was lost. */
function recordResult(result: NotificationResult, row: NotificationRow = ROW, claim = 2_000) {
  const memory = createMemory()
  memory.put('notifications', row)
  return memory.run(recordNotificationResult('msg_1', result, claim, AN_ATTEMPT))
}

test('After an attempt that must be repeated, the next one is due, and the reason is stored', () => {
  const { requested, updated } = recordResult({ kind: 'again', at: 9_000, reason: 'status_503' })
  expect(requested).toEqual([[['notifications', 'msg_1']]])
  expect(updated.notifications).toEqual([
    {
      ...ROW,
      attempt: 3,
      dueAt: 9_000,
      result: 'again',
      reason: 'status_503',
      attempts: [{ ...AN_ATTEMPT, result: 'again', reason: 'status_503' }],
    },
  ])
})

const FINAL_RESULTS: NotificationResult[] = [
  { kind: 'delivered' },
  { kind: 'gone', reason: 'status_410' },
  { kind: 'rejected', reason: 'address_not_allowed' },
  { kind: 'given_up', reason: 'status_500' },
]

test.each(FINAL_RESULTS)(
  'A notification that is $kind is no longer due, and its body is deleted',
  (result) => {
    const reason = result.kind === 'delivered' ? null : 'reason' in result ? result.reason : null
    expect(recordResult(result).updated.notifications).toEqual([
      {
        ...ROW,
        body: null,
        dueAt: null,
        result: result.kind,
        reason,
        attempts: [{ ...AN_ATTEMPT, result: result.kind, reason }],
      },
    ])
  },
)

test.each([...FINAL_RESULTS, { kind: 'again', at: 9_000, reason: 'late' } as const])(
  'A notification that has ended does not change, even if another attempt has the result $kind',
  (result) => {
    expect(recordResult(result, { ...ROW, body: null, dueAt: null, result: 'delivered' }).updated).toEqual({})
  },
)

test.each(FINAL_RESULTS.filter(({ kind }) => kind !== 'given_up'))(
  'The result $kind counts even if the claim was lost',
  (result) => {
    expect(recordResult(result, ROW, 1_999).updated.notifications).toHaveLength(1)
  },
)

test.each([
  { kind: 'again', at: 9_000, reason: 'status_503' },
  { kind: 'given_up', reason: 'status_500' },
] as const)('The result $kind changes nothing if the claim was lost', (result) => {
  expect(recordResult(result, ROW, 1_999).updated).toEqual({})
})

test('A claim moves the due time and returns the body', () => {
  const memory = createMemory()
  memory.put('notifications', ROW)
  const { result, updated } = memory.run(claimNotification('msg_1', 2_000, 5_000))
  expect(result).toBe('{}')
  expect(updated.notifications).toEqual([{ ...ROW, dueAt: 5_000 }])
})

test('A claim fails if the due time has changed since it was read, or the notification has ended', () => {
  const memory = createMemory()
  memory.put('notifications', ROW)
  const { result, updated } = memory.run(claimNotification('msg_1', 1_999, 5_000))
  expect([result, updated]).toEqual([undefined, {}])
  memory.put('notifications', { ...ROW, body: null, dueAt: null, result: 'delivered' })
  expect(memory.run(claimNotification('msg_1', 2_000, 5_000)).result).toBeUndefined()
})

test('A release moves the due time back and counts no attempt; if the claim was lost, it changes nothing', () => {
  const memory = createMemory()
  memory.put('notifications', { ...ROW, dueAt: 5_000 })
  expect(memory.run(releaseNotification('msg_1', 4_999, 2_000)).updated).toEqual({})
  expect(memory.run(releaseNotification('msg_1', 5_000, 2_000)).updated.notifications).toEqual([ROW])
})

test('A result for an unknown notification changes nothing', () => {
  const { inserted, updated } = createMemory().run(
    recordNotificationResult('msg_1', { kind: 'delivered' }, 2_000, AN_ATTEMPT),
  )
  expect([inserted, updated]).toEqual([{}, {}])
})

test('Only the latest 20 attempts are stored', () => {
  const attempts = Array.from({ length: 20 }, (_, index) => {
    return { at: index, status: 500, result: 'again' as const, reason: 'status_500' }
  })
  const [row] = recordResult({ kind: 'delivered' }, { ...ROW, attempts }).updated.notifications ?? []
  const last = { ...AN_ATTEMPT, result: 'delivered', reason: null }
  expect(row?.attempts).toEqual([...attempts.slice(1), last])
})

test('A resent notification that has ended begins again with the new body and keeps its attempts; an unknown one is skipped', () => {
  const memory = createMemory()
  const attempts = [{ at: 1_500, status: 410, result: 'gone' as const, reason: 'status_410' }]
  memory.put('notifications', { ...ROW, body: null, dueAt: null, result: 'gone', attempts })
  const entry = anAuditEntry({ at: 8_000, kind: 'resend' })
  const newBodies = [
    { notificationId: 'msg_1', body: '{"again":1}' },
    { notificationId: 'msg_2', body: '{}' },
  ]
  const { result, updated, other } = memory.run(resendNotifications(newBodies, entry))
  expect(result).toEqual(['msg_1'])
  const restarted = {
    body: '{"again":1}',
    attempt: 1,
    createdAt: 8_000,
    dueAt: 8_000,
    result: null,
    reason: null,
  }
  expect(updated.notifications).toEqual([{ ...ROW, ...restarted, attempts }])
  expect(other).toEqual({ auditEntries: [entry] })
})

test('A resent notification that waits for its next attempt is due at once, and otherwise unchanged', () => {
  const memory = createMemory()
  memory.put('notifications', { ...ROW, dueAt: 9_000 })
  const entry = anAuditEntry({ at: 8_000, kind: 'resend' })
  const { updated } = memory.run(resendNotifications([{ notificationId: 'msg_1', body: 'other' }], entry))
  expect(updated.notifications).toEqual([{ ...ROW, dueAt: 8_000 }])
})
