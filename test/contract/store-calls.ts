import type { Finding } from '../../src/domain/finding.ts'
import { type DeliveryFilter, EVERY_DELIVERY, type ListedDelivery } from '../../src/domain/listed-delivery.ts'
import type { DueNotification, NotificationResult } from '../../src/domain/notification.ts'
import type { FinalStatus, Run } from '../../src/domain/run.ts'
import { EVERY_RUN, type ListedRun, type RunFilter } from '../../src/domain/run-filter.ts'
import type { NewSubmission } from '../../src/domain/submission.ts'
import type { Store } from '../../src/store/store.ts'
import { AN_ATTEMPT, newDelivery, newSubmission } from './builders.ts'
import { type LeasedStore, withLease } from './with-lease.ts'

/* Calls of a store that several tests make, and functions that read all pages of a list. */

/** Creates a submission and returns its id. */
export async function submit(
  store: Pick<Store, 'createSubmission'>,
  names: string[],
  facts: Partial<NewSubmission> = {},
): Promise<string> {
  return (await store.createSubmission(newSubmission(names, facts))).submissionId
}

/**
 * Marks runs that have been pending for `overdueAfterMs` at `now` as overdue and due, in as many steps as necessary. Skips runs of
 * rejected submissions, and stops at the first run that is younger. If no run was requested after 1,000,000, the defaults mark every
 * pending run that is not skipped; each is due since its request, unless it already had a due time.
 */
export async function sweep(store: LeasedStore, { now = 1_000_000, overdueAfterMs = 0 } = {}): Promise<void> {
  while (await withLease(store).sweepOverdue(now, overdueAfterMs));
}

/** Folds all counter deltas (adds them to the counters), in as many steps as necessary. */
export async function fold(store: LeasedStore): Promise<void> {
  while (await withLease(store).foldCounters());
}

/** Applies a finding with the current claim, which is the run's due time. */
export async function applyFinding(
  store: Pick<Store, 'listDue' | 'applyFinding'>,
  runId: string,
  finding: Finding,
  at: number,
): Promise<{ applied: boolean; fileId: string | null }> {
  const due = (await store.listDue(Number.MAX_SAFE_INTEGER, 100_000)).find(({ run }) => run.runId === runId)
  return store.applyFinding(runId, finding, at, due?.dueAt ?? 0)
}

/** Creates a submission. Returns its id, its runs in the order of the distinct names, and the id of the first run. */
export async function submitWithRuns(
  store: Store,
  names: string[],
  facts: Partial<NewSubmission> = {},
): Promise<{ submissionId: string; runs: Run[]; runId: string }> {
  const submissionId = await submit(store, names, facts)
  const runs = (await store.findSubmission(submissionId))?.runs ?? []
  return { submissionId, runs, runId: runs[0]?.runId ?? '' }
}

/** Delivers a webhook that reports the final status of a run, and names no file. */
export function deliverResult(
  store: Store,
  submissionId: string,
  service: string,
  status: FinalStatus,
  { code, at = 2_000 }: { code?: string; at?: number } = {},
) {
  const error = code === undefined ? null : { code }
  const result = { service, status, fileId: null, error }
  return store.recordDelivery(newDelivery(submissionId, result, { receivedAt: at }))
}

/** Records the result of an attempt with the current claim, which is the notification's due time. */
export async function recordNotificationResult(
  store: Pick<Store, 'listDueNotifications' | 'recordNotificationResult'>,
  notificationId: string,
  result: NotificationResult,
): Promise<void> {
  const page = { perHost: 1_000, after: null }
  const { due } = await store.listDueNotifications(Number.MAX_SAFE_INTEGER, page)
  const claim = due.find((one) => one.notificationId === notificationId)?.dueAt ?? 0
  await store.recordNotificationResult(notificationId, result, claim, AN_ATTEMPT)
}

/** Reads the body of a due notification by claiming it. The claim ends at the current due time, so nothing changes. */
export function peekBody(
  store: Pick<Store, 'claimNotification'>,
  { notificationId, dueAt }: Pick<DueNotification, 'notificationId' | 'dueAt'>,
): Promise<string | undefined> {
  return store.claimNotification(notificationId, dueAt, dueAt)
}

/** Reads all pages of the list of runs, and throws if one is longer than `limit`. `between` is called between two pages. */
export async function listEveryRun(
  store: Store,
  filter: Partial<RunFilter> = {},
  { limit = 50, between }: { limit?: number; between?: () => Promise<unknown> } = {},
): Promise<ListedRun[]> {
  const found: ListedRun[] = []
  let before: number | null = null
  do {
    const page = await store.listRuns({ ...EVERY_RUN, ...filter }, { limit, before })
    if (page.runs.length > limit) throw new Error(`a page of ${page.runs.length} runs`)
    found.push(...page.runs)
    before = page.next
    if (before !== null) await between?.()
  } while (before !== null)
  return found
}

/** Like `listEveryRun`, for deliveries. */
export async function listEveryDelivery(
  store: Store,
  filter: Partial<DeliveryFilter> = {},
  { limit = 50, between }: { limit?: number; between?: () => Promise<unknown> } = {},
): Promise<ListedDelivery[]> {
  const found: ListedDelivery[] = []
  let before: number | null = null
  do {
    const page = await store.listDeliveries({ ...EVERY_DELIVERY, ...filter }, { limit, before })
    if (page.deliveries.length > limit) throw new Error(`a page of ${page.deliveries.length} deliveries`)
    found.push(...page.deliveries)
    before = page.next
    if (before !== null) await between?.()
  } while (before !== null)
  return found
}

export async function listFileNames(store: Store, filter: Partial<RunFilter>): Promise<(string | null)[]> {
  return (await listEveryRun(store, filter)).map(({ fileName }) => fileName)
}

export async function findRun(store: Store, runId: string): Promise<Run | undefined> {
  return (await store.findRunHistory(runId))?.run
}

/** What `readStats` returns for each of the `STAT_WINDOWS`, in a canonical order. */
export async function countsOf(store: Store) {
  const stats = await Promise.all(STAT_WINDOWS.map(([from, until]) => store.readStats(from, until)))
  return {
    groups: stats.map(({ groups }) => groups.map((group) => JSON.stringify(sortEntries(group))).toSorted()),
    counters: stats.map(({ counters }) => counters.map((counter) => JSON.stringify(counter)).toSorted()),
    byHour: stats.map(({ byHour }) => byHour),
  }
}

/** In hours since the epoch: from, and until (exclusive). Some of them contain whole days, others don't. */
export const STAT_WINDOWS = [
  [0, 100_000],
  [0, 24],
  [3, 29],
  [5, 6],
  [1, 50],
] as const

export function sortEntries(entry: object) {
  return Object.entries(entry).toSorted(([one], [other]) => (one < other ? -1 : 1))
}
