import type { Alert } from '../domain/alert.ts'
import type { AssetFacts } from '../domain/asset.ts'
import type { AuditEntry } from '../domain/audit-entry.ts'
import type { ChangedElsewhere, Commit } from '../domain/commit.ts'
import type { DatabaseFault } from '../domain/database-fault.ts'
import type { Lease } from '../domain/decide/lease.ts'
import type {
  NewAccountDelivery,
  NewDelivery,
  NewRejectedDelivery,
  RecordedDelivery,
  RejectedDelivery,
  RejectionCause,
} from '../domain/delivery.ts'
import type { ClockTrust } from '../domain/due-time.ts'
import type { DueRun, Finding } from '../domain/finding.ts'
import type { ClaimResult, KeyClaim, StoredResponse } from '../domain/idempotency.ts'
import type { DeliveryDetail, DeliveryFilter, ListedDelivery } from '../domain/listed-delivery.ts'
import type {
  DueNotification,
  HostPlace,
  ListedNotification,
  NotificationAttempt,
  NotificationFilter,
  NotificationResult,
} from '../domain/notification.ts'
import type { RetentionPlace } from '../domain/retention.ts'
import type { RetryItemState, RetryProgress, SubmitRetryResult, UnacceptedItem } from '../domain/retry.ts'
import type { Run } from '../domain/run.ts'
import type { ListedRun, RunFilter } from '../domain/run-filter.ts'
import type { RunHistory } from '../domain/run-history.ts'
import type { StatCounts } from '../domain/stat-counters.ts'
import type { NewSubmission, Submission } from '../domain/submission.ts'
import type { ResponseDecision, UploadResponse } from '../domain/upload-response.ts'

/**
 * The store's port. Each method is one atomic step, unless its comment says otherwise: when its promise resolves, all of it
 * is on disk; when it rejects, none of it is, unless the error says `mayBeCommitted`, or reports a
 * `DatabaseFault`, which may have been found only after the commit. Rejects with `TrackerError`
 * `store_unavailable` if the disk or the database fails, and with `overloaded` if the queue is full. Times are milliseconds since
 * the epoch. Callers take a `Pick` of it.
 *
 * A method for the holder of the lease takes the lease as its first parameter. If the lease was lost, the method changes nothing
 * and resolves with null (`releaseLease`: with nothing).
 *
 * The store assigns the ids of submissions, runs and deliveries (`domain/ids`). An id that is malformed, or whose random bits
 * are not those of its row, is unknown.
 */
export type Store = OperatorStore &
  AlertStore & {
    /**
     * Records a submission and its runs. With an idempotency key, the key's fingerprint and submission are recorded in the same
     * step. Rejects with `request_in_progress` if the request no longer holds the key.
     */
    createSubmission(
      submission: NewSubmission,
      key?: KeyClaim & { fingerprint: string },
    ): Promise<{ submissionId: string }>

    /**
     * Applies ImageKit's response: its `extensionStatus` and the baseline. With an idempotency key, the response to the caller is
     * stored with the key if the request still holds it. Rejects with `not_found` for an unknown submission.
     */
    applyResponse(
      submissionId: string,
      response: UploadResponse,
      at: number,
      key?: KeyClaim & { response: StoredResponse },
    ): Promise<{ result: ResponseDecision['result']; submission: Submission }>

    /**
     * Records an extension webhook as it was received, with its effect, and the notification to its caller if one is due. Returns
     * `rejected`, and writes nothing, if the submission is neither in this database nor forgotten. Stores no content for a
     * forgotten submission. Rejects with `unprocessable` if the delivery is a replay of one that is no longer stored as rejected.
     */
    recordDelivery(delivery: NewDelivery): Promise<RecordedDelivery>

    /**
     * Records an account webhook. An event that has an id takes effect only once. An event about an asset makes the pending and
     * expired runs of its newest 100 submissions due. The end of a queued upload is applied as that upload's response, even if it
     * arrives before the upload's request id is known.
     */
    recordAccountDelivery(delivery: NewAccountDelivery): Promise<RecordedDelivery>

    /** What `recordDelivery` would resolve with. Writes nothing. */
    previewDelivery(delivery: NewDelivery): Promise<RecordedDelivery>

    /** What `recordAccountDelivery` would resolve with. Writes nothing. */
    previewAccountDelivery(delivery: NewAccountDelivery): Promise<RecordedDelivery>

    /**
     * Stores rejected deliveries outside the write queue, and returns their ids in order. The oldest are evicted beyond a limit,
     * so a flood stays small.
     */
    keepRejected(rejected: readonly NewRejectedDelivery[]): Promise<string[]>

    /** Counts the stored rejected deliveries that were received at `since` or later, by cause. */
    countRejected(since: number): Promise<{ cause: RejectionCause; count: number }[]>

    findRejected(deliveryId: string): Promise<RejectedDelivery | undefined>

    /**
     * Marks runs that have been pending for `overdueAfterMs` as overdue, and makes them due. Continues where it stopped the last
     * time, over a limited number of runs. Resolves with whether there may be more.
     */
    sweepOverdue(lease: Lease, now: number, overdueAfterMs: number): Promise<boolean | null>

    /** Folds the oldest counter deltas, a limited number of them. Resolves with whether there may be more. */
    foldCounters(lease: Lease): Promise<boolean | null>

    /**
     * The due runs, the longest due first: pending runs, and expired runs whose file has changed since. `latest` is the latest due
     * time that is possible now (`latestDueAt`): runs that are due after it also count as due, and come last. Excludes runs
     * of rejected submissions, and claimed ones.
     */
    listDue(now: number, limit: number, latest?: number): Promise<DueRun[]>

    /**
     * Claims at most `limit` of the due runs, as `listDue` finds them: they are due again at `until`, which names the claim. No
     * run is claimed twice at a time. Resolves with the claimed runs; none only if nothing is due. Not one step: it reads first.
     */
    claimDue(now: number, claim: { limit: number; until: number; latest?: number }): Promise<DueRun[]>

    /** Extends the claim of runs to `until`, which names it from then on. Skips a run whose claim was lost. */
    extendClaim(runIds: readonly string[], claim: number, until: number): Promise<void>

    /**
     * Makes claimed runs due again at the given times. Skips a run whose claim was lost, or that was made due by something
     * else.
     */
    releaseRuns(runs: readonly { runId: string; dueAt: number }[], claim: number): Promise<void>

    /**
     * Applies a finding unless the run is final or no longer has a due time. `unchanged` and `timed_out` count only if the run is
     * still claimed until `claim`. `fileId` is the asset whose status may have changed; null if it did not.
     */
    applyFinding(
      runId: string,
      finding: Finding,
      at: number,
      claim: number,
    ): Promise<{ applied: boolean; fileId: string | null }>

    /**
     * Expires the pending runs of the newest 100 submissions of an asset whose file ImageKit has deleted. Resolves with the number of
     * these runs.
     */
    recordAssetGone(fileId: string, at: number): Promise<number>

    /**
     * A page of due notifications, by host: at most `perHost` of each, the longest due first, so that no host delays another.
     * Notifications that were created after `latest`, and are due after it, also count as due, and come last within their host.
     * `next` starts the next page; null at the end.
     */
    listDueNotifications(
      now: number,
      page: { perHost: number; after: HostPlace; latest?: number },
    ): Promise<{ due: DueNotification[]; next: HostPlace }>

    /**
     * Claims a notification that is still due at `dueAt`, as listed: it is due again at `until`, which names the claim. Resolves
     * with its body; undefined if it has ended, or if its due time has changed, for example because another process has claimed it.
     */
    claimNotification(notificationId: string, dueAt: number, until: number): Promise<string | undefined>

    /** Makes a claimed notification due at `dueAt`, as if it had not been tried, unless the claim was lost. */
    releaseNotification(notificationId: string, claim: number, dueAt: number): Promise<void>

    /**
     * Counts the notifications that are due (`due`), and those that are being sent or wait for their next attempt (`waiting`).
     */
    countNotifications(now: number): Promise<{ due: number; waiting: number }>

    /**
     * Records the result of an attempt. Deletes the body if no attempt follows. `again` and `given_up` count only if the
     * notification is still due at `claim`.
     */
    recordNotificationResult(
      notificationId: string,
      result: NotificationResult,
      claim: number,
      attempt: Pick<NotificationAttempt, 'at' | 'status'>,
    ): Promise<void>

    /**
     * Deletes bodies and headers of deliveries received before `receivedBefore`; their rows stay. Checks up to `limit` bodies
     * in insertion order, after the place `after`, and fewer if they are large. `next` is the place to continue after; null at
     * the end. PostgreSQL also drops whole days of bodies, in other transactions, even if the lease is lost meanwhile, and
     * without counting them as `pruned`: the bodies of the day of `receivedBefore` may stay until that whole day can be dropped.
     */
    pruneBodies(
      lease: Lease,
      receivedBefore: number,
      limit: number,
      after: number | null,
    ): Promise<{ pruned: number; next: number | null } | null>

    /**
     * Deletes submissions that were created before `createdBefore`, with their runs and deliveries, and other deliveries that
     * were received before it. Keeps a submission that is being submitted, has a pending run (if it is not rejected) or an
     * unfinished notification, or follows one of the same asset that is kept: the status of an asset never goes back to an
     * earlier run. Checks a limited number of rows in insertion order, after the place `after`. `next` is the place to continue
     * after; null at the end. `deleted` is the number of submissions.
     */
    deleteOldSubmissions(
      lease: Lease,
      now: number,
      createdBefore: number,
      after: RetentionPlace | null,
    ): Promise<{ deleted: number; next: RetentionPlace | null } | null>

    /** The check value of the token secret that signed last (see `CapabilityTokens`); null if none did. */
    findTokenCheckValue(): Promise<number | null>
    saveTokenCheckValue(value: number): Promise<void>

    /**
     * The saved trust. Until one was saved: trust in the time of the newest submission or recorded delivery; null if there is none.
     */
    findClockTrust(): Promise<ClockTrust | null>

    saveClockTrust(lease: Lease, trust: ClockTrust): Promise<true | null>

    findSubmission(submissionId: string): Promise<{ submission: Submission; runs: Run[] } | undefined>

    /** Undefined unless a submission that is not rejected is bound to the file. */
    findAsset(fileId: string): Promise<AssetFacts | undefined>

    /**
     * Claims an idempotency key for 24 hours. An older claim of the same scope counts as expired, unless its request is still
     * running. Claiming again with the same nonce changes nothing.
     */
    claimIdempotencyKey(claim: KeyClaim, at: number): Promise<ClaimResult>

    /** When the newest stored claim of an idempotency key was made; null if there is none. */
    findNewestKeyClaimAt(): Promise<number | null>

    /**
     * Deletes claims of idempotency keys that have expired, a limited number of them. Resolves with whether there may be more.
     */
    deleteExpiredKeys(lease: Lease, now: number): Promise<boolean | null>

    /**
     * Frees a claim whose request ended without a response that may be repeated. Does nothing if the request no longer holds the
     * key, or if a response is stored.
     */
    releaseIdempotencyKey(claim: KeyClaim): Promise<void>

    /** Records that this process is alive. Call it at the start, before any other write, and regularly. */
    heartbeat(at: number): Promise<void>

    /**
     * Recovers the unfinished work of other processes without a heartbeat after `aliveSince`: submissions and retry items that
     * they were submitting become `unconfirmed`. Their idempotency keys without a response are released, or marked as abandoned if
     * ImageKit may have the submission. Call it before serving requests, and regularly. Resolves with the number of submissions.
     */
    recoverAbandoned(at: number, aliveSince: number): Promise<{ submissions: number }>

    /**
     * Acquires the lease for `ttlMs`, with the next epoch, if it is free or has ended; extends it if it is ours. Null if another
     * process has it.
     */
    acquireLease(at: number, ttlMs: number): Promise<Lease | null>

    /** Releases the lease, unless it was lost: another process can acquire it at once. */
    releaseLease(lease: Lease): Promise<void>

    /** Commits a write, so it fails whenever the database can't store a delivery. */
    probe(): Promise<void>

    /**
     * Calls the listener after each commit of the write queue. The listener delays the next batch, so it must be quick; it must not
     * throw.
     */
    watchCommits(listener: (commit: Commit) => void): void
  }

/** Concerns the database as a whole: its file and its connections. SQLite and PostgreSQL differ here. */
export interface StoreLifecycle {
  /** Whether other processes may use the same database at the same time. If so, cached data may be out of date. */
  readonly isShared: boolean

  /** The time of the database's clock, which is the same for all processes that share it. */
  readServerTime(): Promise<number>

  /**
   * Calls the listener when other processes have changed assets or submissions, within a second of their commit: with `unknown`
   * every second, and earlier with what changed. The listener may be called more than once for a change, and for changes of this
   * process, too; it must not throw. It is never called if the database is not shared.
   */
  watchOtherCommits(listener: (changed: ChangedElsewhere) => void): void

  /** Why changes of other processes are noticed up to a second late at the moment; undefined if they are noticed at once. */
  findFeedFault(): Promise<string | undefined>

  /**
   * Why the open database file must not be written to; undefined if it may be, and always with PostgreSQL. Does not change the
   * file.
   */
  findFault(): Promise<DatabaseFault | undefined>

  /**
   * Writes a consistent copy of a database file to a new file while the service runs. The new file must not exist. Rejects with
   * `backup_unsupported` if the database is not a file.
   */
  backUp(path: string): Promise<void>

  /** Commits what is queued, and closes the database. */
  close(): Promise<void>
}

/** The result of opening a database. */
export type StoreHandle = Store & StoreLifecycle

/** Reads and actions of operators. Lists are newest first by insertion. A page's `next` starts the next page; null at the end. */
type OperatorStore = {
  /**
   * Runs of rejected submissions match by exact id only. If few of very many runs match, a page may be shorter than its limit,
   * or empty, and still have a `next`, because reading a page ends after a limited time. The same applies to `listDeliveries`.
   */
  listRuns(
    filter: RunFilter,
    page: { limit: number; before: number | null },
  ): Promise<{ runs: ListedRun[]; next: number | null }>

  findRunHistory(runId: string): Promise<RunHistory | undefined>

  /** The asset's submissions with their runs; empty for an unknown asset. */
  listAssetSubmissions(
    fileId: string,
    page: { limit: number; before: number | null },
  ): Promise<{ submissions: { submission: Submission; runs: Run[] }[]; next: number | null }>

  /** Includes rejected deliveries, which are numbered together with the recorded ones. */
  listDeliveries(
    filter: DeliveryFilter,
    page: { limit: number; before: number | null },
  ): Promise<{ deliveries: ListedDelivery[]; next: number | null }>

  findDelivery(deliveryId: string): Promise<DeliveryDetail | undefined>

  /**
   * In the order in which their runs were inserted, newest first. A page may be shorter than its limit, or empty, and
   * still have a `next`, as in `listRuns`.
   */
  listNotifications(
    filter: NotificationFilter,
    page: { limit: number; before: number | null },
  ): Promise<{ notifications: ListedNotification[]; next: number | null }>

  findNotification(notificationId: string): Promise<ListedNotification | undefined>

  /**
   * Makes notifications due at the time of the audit entry, and writes that entry. One that has ended begins again with this
   * body. Returns the ids of those that exist.
   */
  resendNotifications(
    notifications: readonly { notificationId: string; body: string }[],
    entry: AuditEntry,
  ): Promise<string[]>

  /** Counts all runs by group, and the changes in the hours from `from` to before `until`, in hours since the epoch. */
  readStats(from: number, until: number): Promise<StatCounts>

  /** The pending run that was inserted first. */
  findOldestPending(): Promise<{ runId: string; requestedAt: number } | undefined>

  /** Acknowledges the runs that are not pending, and, if there are any, writes one audit entry. Returns the acknowledged runs. */
  acknowledgeRuns(runIds: readonly string[], entry: AuditEntry): Promise<ListedRun[]>

  /** Revokes the acknowledgement of a run, and returns the run. Writes nothing for a run that is not acknowledged. */
  unacknowledgeRun(runId: string, entry: AuditEntry): Promise<ListedRun | undefined>

  /**
   * Deletes every row and body of an asset; the content of later deliveries for it is not stored. Returns false, and deletes
   * nothing, for an unknown asset. Not atomic: it replaces the ids in the audit log, then deletes older submissions, each in
   * small steps, and last the submissions that make up the status. If it is interrupted, call it again. It also rejects if everything is
   * deleted but the write-ahead log could not be emptied; calling it again empties the log.
   */
  forgetAsset(fileId: string, entry: AuditEntry): Promise<boolean>

  /** Records which runs to retry, in this order, each once. Skips unknown ids. */
  createRetry(retryId: string, runIds: readonly string[], entry: AuditEntry): Promise<void>

  /**
   * Records the submission that retries a run, with its origin: an operator's audit entry, or an item of a retry.
   * Acknowledges the run. If the run may not be retried (any more), or the item is no longer `waiting`, returns the rejection and
   * writes nothing. Otherwise the item becomes `submitting`, by this process.
   */
  submitRetry(
    runId: string,
    submission: NewSubmission,
    origin: { entry: AuditEntry } | { itemId: number },
  ): Promise<SubmitRetryResult>

  /** ImageKit did not accept the retry that `submitRetry` recorded at this time: revokes its acknowledgement of the run. */
  withdrawRetry(runId: string, at: number): Promise<void>

  /**
   * The first `waiting` item; another process may submit it first. An item whose process ended while submitting it is not
   * returned: it becomes `unconfirmed`.
   */
  nextRetryItem(): Promise<{ itemId: number; runId: string; actor: string } | undefined>

  /** Records an item's state. Changes nothing if the item has ended, or another process is submitting it. */
  endRetryItem(itemId: number, state: RetryItemState, reason: string | null): Promise<void>

  findRetry(retryId: string): Promise<RetryProgress | undefined>

  /** The first `limit` items of a retry that are `failed` or `unconfirmed`, in its order. */
  listUnaccepted(retryId: string, limit: number): Promise<UnacceptedItem[]>

  recordAuditEntry(entry: AuditEntry): Promise<void>

  listAuditEntries(page: {
    limit: number
    before: number | null
  }): Promise<{ auditEntries: AuditEntry[]; next: number | null }>

  /**
   * Records that a session was signed out. Deletes the records of sessions that expired a day or more ago; younger ones stay,
   * because the clock may be set back.
   */
  endSession(session: { sessionId: string; endsAt: number }, now: number): Promise<void>

  /**
   * Counts a sign-in attempt as a failure of each of its names, in the same step that checks them. Resolves with false, and
   * counts nothing, if one of them has failed too often. Concurrent attempts together never exceed the limit.
   */
  beginSignIn(names: readonly string[], at: number): Promise<boolean>

  /** Removes the attempt that began at this time from the failures, because it succeeded. */
  forgiveSignIn(names: readonly string[], at: number): Promise<void>

  listEndedSessions(): Promise<{ sessionId: string; endsAt: number }[]>
}

/** The facts from which alerts are evaluated, and the alerts' state. */
type AlertStore = {
  /** Counts the runs of each extension that failed at `since` or later, whenever they were requested; 0 to `atMost` each. */
  countFailures(since: number, atMost: number): Promise<{ extension: string; count: number }[]>

  listAlerts(): Promise<Alert[]>

  /** Replaces the alert of the same kind and extension. */
  saveAlerts(lease: Lease, alerts: readonly Alert[]): Promise<true | null>

  /**
   * The message about this state was delivered: deletes a resolved alert, marks a firing one. Ignores a state that the alert no
   * longer has.
   */
  recordAlertReported(lease: Lease, alert: Pick<Alert, 'alertId' | 'state'>): Promise<true | null>
}
