import type { NotificationResult } from '../notification.ts'
import type { Step } from './step.ts'
import type { NotificationRow } from './tables.ts'

/** Records how an attempt ended. Nothing changes for a notification that is over; the body of one that is over is deleted. */
export function settleNotification(notificationId: string, result: NotificationResult): Step<void> {
  return {
    keys: [['notifications', notificationId]],
    decide(facts) {
      const row = facts.find('notifications', notificationId)
      const isOpen = row !== undefined && row.dueAt !== null
      const notifications = isOpen ? [settled(row, result)] : []
      return { result: undefined, changes: { update: { notifications } } }
    },
  }
}

function settled(row: NotificationRow, result: NotificationResult): NotificationRow {
  switch (result.kind) {
    case 'again': {
      const { at, reason } = result
      return { ...row, attempt: row.attempt + 1, dueAt: at, result: 'again', reason }
    }
    case 'delivered':
      return { ...row, body: null, dueAt: null, result: 'delivered', reason: null }
    case 'gone':
    case 'refused':
    case 'given_up':
      return { ...row, body: null, dueAt: null, result: result.kind, reason: result.reason }
  }
}
