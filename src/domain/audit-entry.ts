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
  /**
   * The id of the thing that the action was about; null if it was about several, or about nothing that has an id, such as a backup.
   * A hash of the id, once its asset is forgotten.
   */
  subject: string | null
  /**
   * As the operator wrote it, until a forgotten asset's ids are removed from it. Null if none was given, or once the subject's asset
   * is forgotten.
   */
  reason: string | null
  details: JsonObject | null
}
