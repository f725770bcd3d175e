import type { AuditEntry } from '../domain/audit-entry.ts'
import type { ListedDelivery } from '../domain/listed-delivery.ts'
import type { Run } from '../domain/run.ts'
import { describeHistory, type RunHistory } from '../domain/run-history.ts'
import type { Store } from './store.ts'
import type { Work, WorkOf } from './transaction-work.ts'

export type HistoryRows = WorkOf<Pick<Store, 'findSubmission' | 'findAsset'>> & {
  /** `respondedAt`: when ImageKit's response to the run's submission, or its absence, was recorded. */
  findRun: (runId: string) => Work<{ run: Run; respondedAt: number | null } | undefined>
  /** The deliveries that report on a run, and those of its submission that name no extension; at most 1,000, oldest first. */
  listDeliveriesOf: (run: Run) => Work<ListedDelivery[]>
  findNotification: (run: Run) => Work<RunHistory['notification']>
  /** The audit entries about a run or a retry, oldest first. */
  listEntriesOf: (subject: string) => Work<AuditEntry[]>
  /** The id of the newest run of the same asset and extension whose submission is older than the run's, and not rejected. */
  findEarlier: (fileId: string, run: Run) => Work<string | undefined>
  /** The id of the retry of many runs that sent a run's submission; undefined if none did. */
  findRetryOf: (run: Run) => Work<string | undefined>
}

export function* findRunHistory(rows: HistoryRows, runId: string): Work<RunHistory | undefined> {
  const found = yield* rows.findRun(runId)
  if (found === undefined) return undefined
  const { run, respondedAt } = found
  const submissionWithRuns = yield* rows.findSubmission(run.submissionId)
  if (submissionWithRuns === undefined) return undefined
  const { fileId } = submissionWithRuns.submission
  return describeHistory({
    ...submissionWithRuns,
    run,
    respondedAt,
    asset: fileId === null ? undefined : yield* rows.findAsset(fileId),
    deliveries: yield* rows.listDeliveriesOf(run),
    notification: yield* rows.findNotification(run),
    auditEntries: yield* rows.listEntriesOf(runId),
    earlier: fileId === null || run.attempt === 1 ? undefined : yield* findRetried(rows, fileId, run),
  })
}

/** The run that this run retries, and audit entries in which to look for the one about the retry. */
function* findRetried(rows: HistoryRows, fileId: string, run: Run) {
  const runId = yield* rows.findEarlier(fileId, run)
  if (runId === undefined) return undefined
  const retryId = yield* rows.findRetryOf(run)
  return { runId, retryId, auditEntries: yield* rows.listEntriesOf(retryId ?? runId) }
}
