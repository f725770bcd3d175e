import type { AuditEntry } from '../audit-entry.ts'
import { type NotificationAttempt, type NotificationResult, STORED_ATTEMPTS } from '../notification.ts'
import type { NotificationRow } from './rows.ts'
import type { Facts, Step } from './step.ts'

/**
 * Claims a notification by making it due at `until`, if it is still due at `dueAt`, as it was listed. Returns its body; undefined
 * if it has ended or was deleted, or if its due time has changed since, for example because another process has claimed it.
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
 * already ended does not change. When a notification ends, its body is deleted.
 */
export function recordNotificationResult(
  notificationId: string,
  result: NotificationResult,
  claim: number,
  attempt: Pick<NotificationAttempt, 'at' | 'status'>,
): Step<void> {
  return {
    keys: [['notifications', notificationId]],
    decide(facts) {
      const row = findOpen(facts, notificationId)
      const needsClaim = result.kind === 'again' || result.kind === 'given_up'
      const isRecorded = row !== undefined && (!needsClaim || row.dueAt === claim)
      const notifications = isRecorded ? [withResult(withAttempt(row, result, attempt), result)] : []
      return { result: undefined, changes: { update: { notifications } } }
    },
  }
}

/**
 * Makes notifications due at the time of the audit entry. One that has ended begins again with this body, at attempt 1; its earlier
 * attempts stay listed. Returns the ids of those that exist.
 */
export function resendNotifications(
  resent: readonly { notificationId: string; body: string }[],
  entry: AuditEntry,
): Step<string[]> {
  const { at } = entry
  return {
    keys: resent.map(({ notificationId }) => ['notifications', notificationId]),
    bytes: resent.reduce((sum, { body }) => sum + body.length, 0),
    decide(facts) {
      const notifications = resent.flatMap(({ notificationId, body }) => {
        const row = facts.find('notifications', notificationId)
        if (row === undefined) return []
        if (row.dueAt !== null) return [{ ...row, dueAt: at }]
        return [{ ...row, body, attempt: 1, createdAt: at, dueAt: at, result: null, reason: null }]
      })
      return {
        result: notifications.map(({ notificationId }) => notificationId),
        changes: { update: { notifications }, other: { auditEntries: [entry] } },
      }
    },
  }
}

function withAttempt(
  row: NotificationRow,
  result: NotificationResult,
  { at, status }: Pick<NotificationAttempt, 'at' | 'status'>,
): NotificationRow {
  const reason = result.kind === 'delivered' ? null : result.reason
  const attempts = [...row.attempts, { at, result: result.kind, status, reason }].slice(-STORED_ATTEMPTS)
  return { ...row, attempts }
}

function findOpen(facts: Facts, notificationId: string): NotificationRow | undefined {
  const row = facts.find('notifications', notificationId)
  return row !== undefined && row.dueAt !== null ? row : undefined
}

function withResult(row: NotificationRow, result: NotificationResult): NotificationRow {
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
