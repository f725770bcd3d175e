import type { DeliveryOutcome, DeliveryRoute, RejectionCause, SignatureCheck } from '../delivery.ts'
import type { DeliveryCause } from '../extension-result.ts'
import type { StoredResponse } from '../idempotency.ts'
import type { Json } from '../json.ts'
import type { NotificationAttempt, NotificationResult } from '../notification.ts'
import type { RetryItemState } from '../retry.ts'
import type { FinalStatus, Run } from '../run.ts'
import type { Submission } from '../submission.ts'
import type { UploadResponse } from '../upload-response.ts'

/** The rows that decisions use, independent of the database. Each row has one key, which never changes. */
export type Tables = {
  /** By `submissionId`. */
  submissions: SubmissionRow
  /** By `submissionId`: data that can be large and that few decisions need. */
  details: SubmissionDetails
  /** By `runId`. */
  runs: RunRow
  /** By `deliveryId`. */
  deliveries: DeliveryRow
  /** By the `deliveryId` of the delivery with this body. */
  bodies: { deliveryId: string; body: Buffer }
  /** By the `deliveryId` of a rejected delivery. */
  rejected: { deliveryId: string; cause: RejectionCause }
  /** By `notificationId`. */
  notifications: NotificationRow
  /** By `scope`. */
  claims: ClaimRow
  /** By `itemId`. */
  retryItems: RetryItemRow
  /** By `name`. */
  leases: LeaseRow
  /** By `name`. */
  signIns: SignInRow
}

export type TableName = keyof Tables

export const KEYS = {
  submissions: 'submissionId',
  details: 'submissionId',
  runs: 'runId',
  deliveries: 'deliveryId',
  bodies: 'deliveryId',
  rejected: 'deliveryId',
  notifications: 'notificationId',
  claims: 'scope',
  retryItems: 'itemId',
  leases: 'name',
  signIns: 'name',
} as const satisfies { [T in TableName]: keyof Tables[T] }

export type SubmissionDetails = Pick<Submission, 'submissionId' | 'extensions' | 'baseline'>

export type SubmissionRow = Omit<Submission, 'extensions' | 'baseline'> & {
  /** When ImageKit's response, or its absence, was recorded. */
  respondedAt: number | null
}

export type RunRow = Run & {
  /**
   * The time of its next check. Null until the sweep finds it overdue or an event reports a change of its file, once it is final,
   * while it is expired and its file has not changed, and while its submission is rejected. A run that is added later has the due
   * time of its siblings.
   */
  dueAt: number | null
  /** Pending, and either found overdue by the sweep, or listed again after a rejection, during which the sweep may have passed it. */
  isOverdue: boolean
  /** False while its submission is rejected: then the run is not current, and only a search by an id lists it. */
  isListed: boolean
  /** The row number of the delivery that settled it; null if none did. */
  settledBy: number | null
  /** The submission's asset, while the submission is accepted. Copied here so that a webhook needs no other row than its run. */
  boundTo: string | null
  /** Its submission has a caller's `webhookUrl`. */
  notifiesCaller: boolean
}

export type DeliveryRow = {
  deliveryId: string
  route: DeliveryRoute
  receivedAt: number
  outcome: DeliveryOutcome
  cause: DeliveryCause | null
  signature: SignatureCheck
  submissionId: string | null
  /** The run that it reports on. */
  runId: string | null
  fileId: string | null
  service: string | null
  finalStatus: FinalStatus | null
  /** For an extension that was not requested: ImageKit's error, until a run claims the delivery and takes over the error. */
  unclaimedError: Json | null
  eventId: string | null
  /** The request id of the upload whose end it reports, until that upload's submission claims it or the body is pruned. */
  unclaimedRequestId: string | null
  /** The end of that upload. */
  uploadEnd: UploadResponse | null
  /** The received request, for a new delivery. */
  sent: { headers: { [name: string]: string }; body: Buffer } | null
}

export type NotificationRow = {
  notificationId: string
  runId: string
  /** The caller's own `webhookUrl`. */
  target: string
  /** The target's host; each host has its own queue. */
  host: string
  /** Null once the notification has ended. */
  body: string | null
  attempt: number
  createdAt: number
  /** Null once the notification has ended. */
  dueAt: number | null
  /** The result of the latest attempt; null before the first one, and when an ended notification begins again. */
  result: NotificationResult['kind'] | null
  reason: string | null
  /** The latest attempts with a recorded result, the oldest first. */
  attempts: readonly NotificationAttempt[]
}

export type ClaimRow = {
  /** A hash of the key with the caller, the method and the path. */
  scope: string
  /** Identifies the request that has claimed the key. */
  nonce: string
  claimedAt: number
  /** A hash of the request's content; null until its submission is recorded. */
  fingerprint: string | null
  submissionId: string | null
  /** Its process ended without storing a response, and ImageKit may have the submission. */
  abandoned: boolean
  response: StoredResponse | null
}

type RetryItemRow = {
  itemId: number
  state: RetryItemState
  /** The submission that retries the run. */
  submissionId: string | null
  reason: string | null
  /** Another process is submitting it. */
  isForeign: boolean
}

export type LeaseRow = {
  name: string
  /** This process has the lease, or was the last to have it and did not release it. */
  isOurs: boolean
  /** Increases with each new holder. */
  epoch: number
  endsAt: number
}

/** Failed sign-in attempts of one name. */
export type SignInRow = {
  /** A hash of the client's network (see `networkOf`), or of the key that was tried. */
  name: string
  /** When each of the attempts began, in the order in which they were counted. Never empty. */
  times: readonly number[]
}
