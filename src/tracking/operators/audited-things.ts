import type { AuditEntry } from '../../domain/audit-entry.ts'

/** Names what an audit entry is about: a single thing as its subject, several in its details. */
export function auditedThings(
  name: 'runIds' | 'deliveryIds' | 'notificationIds',
  ids: readonly string[],
): Pick<AuditEntry, 'subject' | 'details'> {
  const [first = null, ...others] = ids
  if (others.length === 0) return { subject: first, details: null }
  return { subject: null, details: { [name]: [...ids] } }
}
