import { type AssetFacts, describeAsset } from './asset.ts'
import type { AuditEntry } from './audit-entry.ts'
import type { ListedDelivery } from './listed-delivery.ts'
import type { Run } from './run.ts'
import type { Submission } from './submission.ts'

/** A run with everything that is known of how it came to its status. */
export type RunHistory = {
  run: Run
  submission: Submission
  /** When ImageKit's answer to the submission, or that there is none, was written down. */
  respondedAt: number | null
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

/** What is read of a run for its history. */
type HistoryFacts = Pick<
  RunHistory,
  'run' | 'submission' | 'respondedAt' | 'deliveries' | 'notification' | 'acts'
> & {
  /** All runs of its submission. */
  runs: readonly Run[]
  asset: AssetFacts | undefined
  /**
   * Of a retry, the newest listed run of the same asset and extension before it; the retry of many that it belongs to, if any; and
   * what operators did about that retry, or else about the earlier run, the oldest first.
   */
  earlier: { runId: string; retryId: string | undefined; acts: readonly AuditEntry[] } | undefined
}

export function describeHistory({ runs, asset, earlier, ...facts }: HistoryFacts): RunHistory {
  const { runId, name, requestedAt } = facts.run
  const current = asset && describeAsset(asset).runs.find((one) => one.name === name)
  const kind = earlier?.retryId === undefined ? 'retry' : 'retry_many'
  const isOrigin = (act: AuditEntry) => act.kind === kind && act.at <= requestedAt
  return {
    ...facts,
    siblings: runs.filter((sibling) => sibling.runId !== runId),
    // Only a current run is retried, so it is the one before of the same extension.
    previous: earlier ? { runId: earlier.runId, act: earlier.acts.findLast(isOrigin) ?? null } : null,
    currentRunId: current && current.runId !== runId ? current.runId : null,
  }
}
