import type { NotificationResult } from '../notification.ts'
import type { Facts, Step } from './step.ts'
import type { NotificationRow } from './tables.ts'

/**
 * Claims a notification by making it due at `until`, if it is still due at the time that was read. Returns its body; undefined
 * if it has ended, or if another process has claimed or sent it since.
 */
export function claimNotification(
  notificationId: string,
  dueAt: number,
  until: number,
): Step<string | undefined> {
  return {
    keys: [['notifications', notificationId]],
    decide(facts) {
      const row = findOpen(facts, notificationId)
      if (row?.dueAt !== dueAt) return { result: undefined, changes: {} }
      const notifications = [{ ...row, dueAt: until }]
      return { result: row.body ?? undefined, changes: { update: { notifications } } }
    },
  }
}

/** Releases a notification that was claimed until `claim`: it is due at `dueAt`, and no attempt is counted. */
export function releaseNotification(notificationId: string, claim: number, dueAt: number): Step<void> {
  return {
    keys: [['notifications', notificationId]],
    decide(facts) {
      const row = findOpen(facts, notificationId)
      const notifications = row?.dueAt === claim ? [{ ...row, dueAt }] : []
      return { result: undefined, changes: { update: { notifications } } }
    },
  }
}

/**
 * Records the result of an attempt. `delivered`, `gone` and `rejected` count whichever process made the attempt. `again` and
 * `given_up` count only if the claim still holds: another process may be sending the notification now. A notification that has
 * ended does not change. Its body is deleted when it ends.
 */
export function settleNotification(
  notificationId: string,
  result: NotificationResult,
  claim: number,
): Step<void> {
  return {
    keys: [['notifications', notificationId]],
    decide(facts) {
      const row = findOpen(facts, notificationId)
      const needsClaim = result.kind === 'again' || result.kind === 'given_up'
      const counts = row !== undefined && (!needsClaim || row.dueAt === claim)
      const notifications = counts ? [settled(row, result)] : []
      return { result: undefined, changes: { update: { notifications } } }
    },
  }
}

function findOpen(facts: Facts, notificationId: string): NotificationRow | undefined {
  const row = facts.find('notifications', notificationId)
  return row !== undefined && row.dueAt !== null ? row : undefined
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
    case 'rejected':
    case 'given_up':
      return { ...row, body: null, dueAt: null, result: result.kind, reason: result.reason }
  }
}
