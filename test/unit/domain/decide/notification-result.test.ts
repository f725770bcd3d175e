import { expect, test } from 'vitest'
import { settleNotification } from '../../../../src/domain/decide/notification-result.ts'
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

function settle(result: NotificationResult, row: NotificationRow = ROW) {
  const memory = createMemory()
  memory.put('notifications', row)
  return memory.run(settleNotification('msg_1', result))
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
  { kind: 'refused', reason: 'private_address' },
  { kind: 'given_up', reason: 'status_500' },
]

test.each(ENDS)('A notification that is $kind is due no more, and its body is deleted', (result) => {
  const reason = result.kind === 'delivered' ? null : 'reason' in result ? result.reason : null
  expect(settle(result).updated.notifications).toEqual([
    { ...ROW, body: null, dueAt: null, result: result.kind, reason },
  ])
})

test.each([...ENDS, { kind: 'again', at: 9_000, reason: 'late' } as const])(
  'A notification that is over stays so when an attempt is $kind',
  (result) => {
    expect(settle(result, { ...ROW, body: null, dueAt: null, result: 'delivered' }).updated).toEqual({})
  },
)

test('Nothing changes for a notification that is not there', () => {
  const { inserted, updated } = createMemory().run(settleNotification('msg_1', { kind: 'delivered' }))
  expect([inserted, updated]).toEqual([{}, {}])
})
