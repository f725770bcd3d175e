import type { AssetFacts } from '../domain/asset.ts'
import type { Commit } from '../domain/commit.ts'
import type { DatabaseFault } from '../domain/database-fault.ts'
import type {
  NewAccountDelivery,
  NewDelivery,
  RecordedDelivery,
  RefusalCause,
  RefusedDelivery,
} from '../domain/delivery.ts'
import type { ClockTrust } from '../domain/due-time.ts'
import type { DueRun, Finding } from '../domain/finding.ts'
import type { IdempotencyClaim, StoredAnswer } from '../domain/idempotency.ts'
import type { Answer, AnswerJudgement } from '../domain/judge-answer.ts'
import type { DueNotification, HostPlace, NotificationResult } from '../domain/notification.ts'
import type { Run } from '../domain/run.ts'
import type { NewSubmission, Submission } from '../domain/submission.ts'
import type { AlertStore } from './alert-store.ts'
import type { OperatorStore } from './operator-store.ts'

/**
 * Where everything is written down. Each method is one atomic step: when its promise resolves, all of it is on disk; when
 * it rejects, nothing of it is. Rejects with `TrackerError` `store_unavailable` when the disk or the file refuses, and with
 * `overloaded` when too many steps are queued.
 */
export type Store = OperatorStore &
  AlertStore & {
    /** Commits a submission and its runs. With a key, its fingerprint and submission are written in the same step. */
    createSubmission(submission: NewSubmission, key?: { scope: string; fingerprint: string }): Promise<void>

    /** Applies ImageKit's answer, its `extensionStatus` and the baseline; with a key, the caller's answer is kept with it. */
    answerSubmission(
      submissionId: string,
      answer: Answer,
      at: number,
      key?: { scope: string; answer: StoredAnswer },
    ): Promise<{ result: AnswerJudgement['result']; submission: Submission }>

    /**
     * Keeps a delivery, raw, together with its effect, and what its caller is owed to be told. Returns `rejected`, and writes
     * nothing, if the submission is not in this database and was not forgotten.
     */
    recordDelivery(delivery: NewDelivery): Promise<RecordedDelivery>

    /**
     * Keeps a delivery about the account; its event takes effect once, known by its id. One about an asset makes its
     * pending and expired runs due; one about a queued upload is that upload's answer, also where it comes before that is known.
     */
    recordAccountDelivery(delivery: NewAccountDelivery): Promise<RecordedDelivery>

    /** Keeps refused deliveries, apart from everything else that is written: in rings, so that a flood of them stays small. */
    keepRefused(refused: readonly RefusedDelivery[]): Promise<void>

    /** How many rejected deliveries are stored that were received at this time or later, by cause. */
    countRejected(since: number): Promise<{ cause: RefusalCause; count: number }[]>

    findRefused(deliveryId: string): Promise<RefusedDelivery | undefined>

    /**
     * Runs that are due, the longest due first: pending ones, and expired ones whose file has changed since; those due only after `latest` count as due, and come last. Runs of
     * rejected submissions are not among them.
     */
    listDue(now: number, limit: number, latest?: number): Promise<DueRun[]>

    /** Applies what was found of a run, if it is still in question. `fileId` is the asset whose status has changed. */
    applyFinding(
      runId: string,
      finding: Finding,
      at: number,
    ): Promise<{ applied: boolean; fileId: string | null }>

    /**
     * Notifications whose time has come: of each host at most `perHost`, the longest due first, so that none stands in
     * another's way; then those of it that were owed, and are due, only after `latest`. `next` is the place of the next page,
     * null at the end.
     */
    listDueNotifications(
      now: number,
      page: { perHost: number; after: HostPlace; latest?: number },
    ): Promise<{ due: DueNotification[]; next: HostPlace }>

    /** What is to be told; undefined once it is over. */
    findNotificationBody(notificationId: string): Promise<string | undefined>

    /** How many notifications are due, and how many wait for their next attempt. */
    countNotifications(now: number): Promise<{ due: number; waiting: number }>

    /** Writes down how an attempt ended; the body of what is over goes. */
    settleNotification(notificationId: string, result: NotificationResult): Promise<void>

    /**
     * Removes bodies and headers of deliveries that are older; their rows stay. Looks at `limit` of them by insertion, those
     * after the place `after`, and takes fewer where they are large. `next` is where to go on, null at the end.
     */
    pruneBodies(
      receivedBefore: number,
      limit: number,
      after: number | null,
    ): Promise<{ pruned: number; next: number | null }>

    /** What was saved last. Before that, the time of the newest submission or delivery is trusted; null where there is none. */
    findClockTrust(): Promise<ClockTrust | null>

    saveClockTrust(trust: ClockTrust): Promise<void>

    findSubmission(submissionId: string): Promise<{ submission: Submission; runs: Run[] } | undefined>

    /** Undefined for a file that no submission, or only rejected ones, spoke of. */
    findAsset(fileId: string): Promise<AssetFacts | undefined>

    /** Claims a key for 24 hours; an older claim of the same scope counts as none, unless it is under way still. */
    claimIdempotencyKey(scope: string, at: number): Promise<IdempotencyClaim>

    /** When the newest claim that is still stored was made; null where there is none. */
    findNewestClaimAt(): Promise<number | null>

    /** Gives a claim back: its request ended without an answer that may be given again. */
    releaseIdempotencyKey(scope: string): Promise<void>

    /** What a dead process left `submitting` becomes `unconfirmed`. For the start, before anything is served. */
    recoverAbandoned(at: number): Promise<{ submissions: number }>

    /** Commits a write, so that it fails where a delivery would fail. */
    probe(): Promise<void>

    /** Why nothing may be written although the database is open. Looks at the file, and neither reads nor writes the database. */
    findFault(): Promise<DatabaseFault | undefined>

    /** Calls `tell` after each batch that is on disk. It delays the next batch, so it must be quick, and it must not throw. */
    watchCommits(tell: (commit: Commit) => void): void

    close(): Promise<void>
  }
