import type { AssetFacts } from '../domain/asset.ts'
import type { NewDelivery, RecordedDelivery } from '../domain/delivery.ts'
import type { IdempotencyClaim, StoredAnswer } from '../domain/idempotency.ts'
import type { Answer, AnswerJudgement } from '../domain/judge-answer.ts'
import type { Run } from '../domain/run.ts'
import type { NewSubmission, Submission } from '../domain/submission.ts'

/**
 * Where everything is written down. Each method is one atomic step: when its promise resolves, all of it is on disk; when
 * it rejects, nothing of it is. Rejects with `TrackerError` `store_unavailable` when the disk or the file refuses, and with
 * `overloaded` when too many steps are queued.
 */
export type Store = {
  /** Commits a submission and its runs. With a key, its fingerprint and submission are written in the same step. */
  createSubmission(submission: NewSubmission, key?: { scope: string; fingerprint: string }): Promise<void>

  /** Applies ImageKit's answer, its `extensionStatus` and the baseline; with a key, the caller's answer is kept with it. */
  answerSubmission(
    submissionId: string,
    answer: Answer,
    at: number,
    key?: { scope: string; answer: StoredAnswer },
  ): Promise<{ result: AnswerJudgement['result']; submission: Submission }>

  /** Keeps a delivery, raw, together with its effect. */
  recordDelivery(delivery: NewDelivery): Promise<RecordedDelivery>

  findSubmission(submissionId: string): Promise<{ submission: Submission; runs: Run[] } | undefined>

  /** Undefined for a file that no submission, or only rejected ones, spoke of. */
  findAsset(fileId: string): Promise<AssetFacts | undefined>

  /** Claims a key for 24 hours; an older claim of the same scope counts as none. */
  claimIdempotencyKey(scope: string, at: number): Promise<IdempotencyClaim>

  /** Gives a claim back: its request ended without an answer that may be given again. */
  releaseIdempotencyKey(scope: string): Promise<void>

  /** What a dead process left `submitting` becomes `unconfirmed`. For the start, before anything is served. */
  recoverAbandoned(at: number): Promise<{ submissions: number }>

  /** Commits a write, so that it fails where a delivery would fail. */
  probe(): Promise<void>

  close(): Promise<void>
}
