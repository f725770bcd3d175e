import type { JsonObject } from './json.ts'

/** What an operator may do. */
export type AuditKind = 'retry' | 'retry_many' | 'acknowledge' | 'replay' | 'forget' | 'reconcile' | 'backup'

/** One thing that an operator did. */
export type AuditEntry = {
  at: number
  /** The name of the key that was shown. */
  actor: string
  kind: AuditKind
  /** The id of what it was done to; null where it was done to many. */
  subject: string | null
  /** In the operator's own words. */
  reason: string | null
  details: JsonObject | null
}
