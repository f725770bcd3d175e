import type { AuditEntry } from './audit-entry.ts'
import type { ListedDelivery } from './listed-delivery.ts'
import type { Run } from './run.ts'
import type { Submission } from './submission.ts'

/** A run with everything that is known of how it came to its status. */
export type RunHistory = {
  run: Run
  submission: Submission
  /** When ImageKit's answer to the submission, or that there is none, was written down. */
  answeredAt: number | null
  /** The other runs of the submission. */
  siblings: Run[]
  /** Those that speak of the run, and those of its submission that could not be understood; the oldest first. */
  deliveries: ListedDelivery[]
  /** What its caller was told; null where there is no such caller. */
  notification: { createdAt: number; attempt: number; result: string | null; reason: string | null } | null
  /** What operators did about it; the oldest first. */
  acts: AuditEntry[]
  /** The run that this one retries, and the operator's act that says why; null for a first attempt. */
  previous: { runId: string; act: AuditEntry | null } | null
  /** The current run of the asset and the extension, if it is another. */
  currentRunId: string | null
}
