import type { AssetFacts } from '../domain/asset.ts'
import type { AuditEntry } from '../domain/audit-entry.ts'
import type { ListedDelivery } from '../domain/listed-delivery.ts'
import type { Run } from '../domain/run.ts'
import { describeHistory, type RunHistory } from '../domain/run-history.ts'
import type { Submission } from '../domain/submission.ts'
import { type Awaitable, type Work, waitFor } from './transaction-work.ts'

export type HistoryRows = {
  findRun: (runId: string) => Awaitable<{ run: Run; answeredAt: number | null } | undefined>
  findSubmission: (submissionId: string) => Awaitable<{ submission: Submission; runs: Run[] } | undefined>
  findAsset: (fileId: string) => Awaitable<AssetFacts | undefined>
  /** Those that report on a run, and those of its submission that could not be understood; the oldest first. */
  listDeliveriesOf: (run: Run) => Awaitable<ListedDelivery[]>
  findNotification: (run: Run) => Awaitable<RunHistory['notification']>
  /** The oldest first. */
  listEntriesOf: (subject: string) => Awaitable<AuditEntry[]>
  /** The newest listed run of the asset and the same extension before a run. */
  findEarlier: (fileId: string, run: Run) => Awaitable<string | undefined>
  /** The retry of many that the submission of a run belongs to. */
  findRetryOf: (run: Run) => Awaitable<string | undefined>
}

export function* findRunHistory(rows: HistoryRows, runId: string): Work<RunHistory | undefined> {
  const found = yield* waitFor(rows.findRun(runId))
  if (found === undefined) return undefined
  const { run, answeredAt } = found
  const ofSubmission = yield* waitFor(rows.findSubmission(run.submissionId))
  if (ofSubmission === undefined) return undefined
  const { fileId } = ofSubmission.submission
  return describeHistory({
    ...ofSubmission,
    run,
    answeredAt,
    asset: fileId === null ? undefined : yield* waitFor(rows.findAsset(fileId)),
    deliveries: yield* waitFor(rows.listDeliveriesOf(run)),
    notification: yield* waitFor(rows.findNotification(run)),
    acts: yield* waitFor(rows.listEntriesOf(runId)),
    earlier: fileId === null || run.attempt === 1 ? undefined : yield* findRetried(rows, fileId, run),
  })
}

function* findRetried(rows: HistoryRows, fileId: string, run: Run) {
  const runId = yield* waitFor(rows.findEarlier(fileId, run))
  if (runId === undefined) return undefined
  const retryId = yield* waitFor(rows.findRetryOf(run))
  return { runId, retryId, acts: yield* waitFor(rows.listEntriesOf(retryId ?? runId)) }
}
