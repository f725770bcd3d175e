import type { JsonObject } from './json.ts'

/** The kinds of operator action that are audited. */
export type AuditKind =
  | 'retry'
  | 'retry_many'
  | 'acknowledge'
  | 'unacknowledge'
  | 'replay'
  | 'resend'
  | 'forget'
  | 'reconcile'
  | 'backup'

/** One action of an operator. */
export type AuditEntry = {
  at: number
  /** The name of the key that the operator used. */
  actor: string
  kind: AuditKind
  /** The id of what the action changed; null if it changed several things, or nothing that has an id (a backup). */
  subject: string | null
  /** As the operator wrote it. */
  reason: string | null
  details: JsonObject | null
}
