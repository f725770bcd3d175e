import { expect, test } from 'vitest'
import {
  claimNotification,
  releaseNotification,
  settleNotification,
} from '../../../../src/domain/decide/due-notification.ts'
import type { NotificationRow } from '../../../../src/domain/decide/tables.ts'
import type { NotificationResult } from '../../../../src/domain/notification.ts'
import { createMemory } from './deciding.ts'

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
}

function settle(result: NotificationResult, row: NotificationRow = ROW, claim = 2_000) {
  const memory = createMemory()
  memory.put('notifications', row)
  return memory.run(settleNotification('msg_1', result, claim))
}

test('An attempt that is to be repeated makes the next one due, with the reason', () => {
  const { asked, updated } = settle({ kind: 'again', at: 9_000, reason: 'status_503' })
  expect(asked).toEqual([[['notifications', 'msg_1']]])
  expect(updated.notifications).toEqual([
    { ...ROW, attempt: 3, dueAt: 9_000, result: 'again', reason: 'status_503' },
  ])
})

const ENDS: NotificationResult[] = [
  { kind: 'delivered' },
  { kind: 'gone', reason: 'status_410' },
  { kind: 'rejected', reason: 'private_address' },
  { kind: 'given_up', reason: 'status_500' },
]

test.each(ENDS)('A notification that is $kind is no longer due, and its body is deleted', (result) => {
  const reason = result.kind === 'delivered' ? null : 'reason' in result ? result.reason : null
  expect(settle(result).updated.notifications).toEqual([
    { ...ROW, body: null, dueAt: null, result: result.kind, reason },
  ])
})

test.each([...ENDS, { kind: 'again', at: 9_000, reason: 'late' } as const])(
  'A notification that has ended does not change when an attempt is $kind',
  (result) => {
    expect(settle(result, { ...ROW, body: null, dueAt: null, result: 'delivered' }).updated).toEqual({})
  },
)

test.each(ENDS)('An attempt that is $kind counts after the claim was lost only if it is final', (result) => {
  const { updated } = settle(result, ROW, 1_999)
  expect(updated.notifications?.length ?? 0).toBe(result.kind === 'given_up' ? 0 : 1)
})

test('An attempt that is to be repeated changes nothing once its claim is lost', () => {
  expect(settle({ kind: 'again', at: 9_000, reason: 'status_503' }, ROW, 1_999).updated).toEqual({})
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

test('A release moves the due time back, and counts no attempt, unless the claim was lost', () => {
  const memory = createMemory()
  memory.put('notifications', { ...ROW, dueAt: 5_000 })
  expect(memory.run(releaseNotification('msg_1', 4_999, 2_000)).updated).toEqual({})
  expect(memory.run(releaseNotification('msg_1', 5_000, 2_000)).updated.notifications).toEqual([ROW])
})

test('An unknown notification changes nothing', () => {
  const { inserted, updated } = createMemory().run(settleNotification('msg_1', { kind: 'delivered' }, 2_000))
  expect([inserted, updated]).toEqual([{}, {}])
})
