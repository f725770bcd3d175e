import { expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/domain/audit-entry.ts'
import type { ListedNotification } from '../../../src/domain/notification.ts'
import type { RunHistory } from '../../../src/domain/run-history.ts'
import { resendMatching } from '../../../src/tracking/operators/resend-notifications.ts'

test('a notification whose asset is forgotten during a bulk resend is skipped, and the others are resent', async () => {
  const entries: AuditEntry[] = []
  const history = { run: { name: 'remove-bg' }, submission: {}, deliveries: [] } as unknown as RunHistory
  const listed = ['run_1', 'run_2', 'run_3'].map(
    (runId) => ({ notificationId: `msg_${runId}`, runId }) as ListedNotification,
  )
  const deps = {
    store: {
      listNotifications: async () => ({ notifications: listed, next: null }),
      findNotification: async () => undefined,
      // The asset of `run_2` was forgotten after the notifications were listed.
      findRunHistory: async (runId: string) => (runId === 'run_2' ? undefined : history),
      findDelivery: async () => undefined,
      async resendNotifications(notifications: readonly { notificationId: string }[], entry: AuditEntry) {
        entries.push(entry)
        return notifications.map(({ notificationId }) => notificationId)
      },
    },
    clock: () => 0,
    successPayload: () => '{}',
    failurePayload: () => '{}',
    wakeNotifier() {},
  }
  const request = { filter: { state: null, fileId: null }, actor: 'operator', reason: null }
  expect(await resendMatching(deps, request)).toEqual({ total: 2 })
  expect(entries).toMatchObject([
    { kind: 'resend', subject: null, details: { notificationIds: ['msg_run_1', 'msg_run_3'] } },
  ])
})
