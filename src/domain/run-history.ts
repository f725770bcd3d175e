import { type AssetFacts, describeAsset } from './asset.ts'
import type { AuditEntry } from './audit-entry.ts'
import type { ListedDelivery } from './listed-delivery.ts'
import type { Run } from './run.ts'
import type { Submission } from './submission.ts'

/** A run with everything that led to its status. */
export type RunHistory = {
  run: Run
  submission: Submission
  /** When ImageKit's response to the submission, or its absence, was recorded. */
  respondedAt: number | null
  /** The other runs of the submission. */
  siblings: Run[]
  /** The deliveries for its submission that name the run's extension, or no extension; oldest first, at most 1,000. */
  deliveries: ListedDelivery[]
  /** The notification to its caller; null if there is none. */
  notification: { createdAt: number; attempt: number; result: string | null; reason: string | null } | null
  /** What operators did with this run alone, not with several at once; oldest first. */
  auditEntries: AuditEntry[]
  /** The run that this one retries, and the audit entry about the retry; null for a first attempt, or if that run is not found. */
  previous: { runId: string; entry: AuditEntry | null } | null
  /** The current run of the asset and extension; null if this run is the current one, or if there is none. */
  currentRunId: string | null
}

/** The facts from which a run's history is made. */
type HistoryFacts = Pick<
  RunHistory,
  'run' | 'submission' | 'respondedAt' | 'deliveries' | 'notification' | 'auditEntries'
> & {
  /** All runs of its submission. */
  runs: readonly Run[]
  asset: AssetFacts | undefined
  /** If the run is a retry: the newest earlier run of the same asset and extension whose submission is not rejected. */
  earlier:
    | {
        runId: string
        /** The retry of many runs that the run belongs to. */
        retryId: string | undefined
        /** The audit entries about that retry of many runs if there is one, else about the earlier run; oldest first. */
        auditEntries: readonly AuditEntry[]
      }
    | undefined
}

/** Makes the history of a run from the facts about it. */
export function describeHistory({ runs, asset, earlier, ...facts }: HistoryFacts): RunHistory {
  const { runId, name, requestedAt } = facts.run
  const current = asset && describeAsset(asset).runs.find((one) => one.name === name)
  const kind = earlier?.retryId === undefined ? 'retry' : 'retry_many'
  const isOrigin = (entry: AuditEntry) => entry.kind === kind && entry.at <= requestedAt
  return {
    ...facts,
    siblings: runs.filter((sibling) => sibling.runId !== runId),
    // Only a current run can be retried, so the retried run is the previous one of the same extension.
    previous: earlier
      ? { runId: earlier.runId, entry: earlier.auditEntries.findLast(isOrigin) ?? null }
      : null,
    currentRunId: current && current.runId !== runId ? current.runId : null,
  }
}
