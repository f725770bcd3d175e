import { EVERY_DELIVERY } from '../../src/domain/listed-delivery.ts'
import { EVERY_RUN } from '../../src/domain/run-filter.ts'
import type { Store } from '../../src/store/store.ts'
import type { StepRunner } from './batches/step-runner.ts'
import { countsOf } from './store-calls.ts'

const EVERYTHING = { limit: 10_000, before: null }
/**
 * The times for which due runs and notifications are read. The first two are among the times of the steps in `batches/`, where nothing
 * is due later than the last one. Other sequences may have later due times.
 */
const TIMES = [5, 12, 1_000_000]

/**
 * What the store returns in its lists and counts, and for the ids of some sequences of steps. Excludes `listNotifications`,
 * `findNotification`, `nextRetryItem` and the check value of the token secret. Also excludes alerts, ended sessions and the clock trust:
 * a later sequence may replace them, so `StepRunner.end` returns them after each sequence.
 */
export async function readEverything(store: Store, ids: readonly ReturnType<StepRunner['ids']>[]) {
  const retryIds = ids.flatMap((sequence) => sequence.retryIds)
  const { runs } = await store.listRuns(EVERY_RUN, EVERYTHING)
  const { deliveries } = await store.listDeliveries(EVERY_DELIVERY, EVERYTHING)
  const fileIds = ids.flatMap((sequence) => sequence.fileIds)
  return {
    runs,
    deliveries,
    submissions: await readEach(
      ids.flatMap((sequence) => sequence.submissionIds),
      (id) => store.findSubmission(id),
    ),
    assets: await readEach(fileIds, (id) => store.findAsset(id)),
    assetSubmissions: await readEach(fileIds, (id) => store.listAssetSubmissions(id, EVERYTHING)),
    histories: await readEach(runs, ({ run }) => store.findRunHistory(run.runId)),
    stored: await readEach(deliveries, ({ deliveryId }) => store.findDelivery(deliveryId)),
    due: await readEach(TIMES, (now) => store.listDue(now, EVERYTHING.limit)),
    notifications: await readEach(TIMES, (now) =>
      store.listDueNotifications(now, { perHost: EVERYTHING.limit, after: null }),
    ),
    notificationCounts: await readEach(TIMES, (now) => store.countNotifications(now)),
    auditEntries: await store.listAuditEntries(EVERYTHING),
    counts: await countsOf(store),
    failures: new Set(await store.countFailures(0, EVERYTHING.limit)),
    retries: await readEach(retryIds, (id) => store.findRetry(id)),
    unaccepted: await readEach(retryIds, (id) => store.listUnaccepted(id, EVERYTHING.limit)),
    oldestPending: await store.findOldestPending(),
    newestClaimAt: await store.findNewestKeyClaimAt(),
    rejectedCounts: new Set(await store.countRejected(0)),
    rejected: await readEach(
      ids.flatMap((sequence) => sequence.rejectedIds),
      (id) => store.findRejected(id),
    ),
  }
}

async function readEach<T, R>(items: readonly T[], read: (one: T) => Promise<R>): Promise<R[]> {
  return Promise.all(items.map(read))
}
