import type { Json } from '../../../src/domain/json.ts'
import type { FinalStatus, RunSource, RunStatus, StatusReason } from '../../../src/domain/run.ts'
import type {
  Baseline,
  SubmissionError,
  SubmissionKind,
  SubmissionState,
} from '../../../src/domain/submission.ts'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'

// The rules of submissions, runs and deliveries, implemented a second time, in another way: a run's status is computed from all
// observations about it. The files `*-rules.ts` import only types from `src/domain`, so they cannot share its faults.

/** One observation about a run. */
export type Observation = {
  by: RunSource
  status: RunStatus
  at: number
  error: Json | null
  evidence: StatusReason | null
}

/** A run is the list of its observations in order of arrival; the first is the request. */
export type ModelRun = {
  submission: ModelSubmission
  name: string
  /** `saved-extension` if the run was requested under this name, and `name` is what ImageKit reports; else null. */
  requestedAs: string | null
  observations: [Observation, ...Observation[]]
  /** The time of its next check, which counts only while it is not settled; null if none is planned. */
  dueAt: number | null
  /** It was the placeholder of saved extensions, and all of them are named by now, or a response named it although none was requested. */
  isRemoved: boolean
  /** The store's id, once the store has returned it; it never changes. */
  runId: string | null
}

/** A stored delivery. If it `isPruned`, the store no longer has its body. */
export type ModelDelivery = {
  deliveryId: string
  receivedAt: number
  body: string
  isPruned: boolean
  /** Changes if a later response claims an ignored delivery. */
  outcome: string
  cause: string | null
  service: string | null
  submission: ModelSubmission | null
  /** The run that it reports on; null if there is none, or the delivery names another file. */
  run: ModelRun | null
  /**
   * The file that it named. Otherwise the file that its submission had when the delivery was recorded, or, for an upload event that
   * came before the request id was known, when it was claimed.
   */
  fileId: string | null
}

/** A webhook for a service that was not requested. It waits for a response that names the service. */
type UnrequestedResult = {
  service: string
  status: FinalStatus
  fileId: string | null
  error: Json | null
  stored: ModelDelivery
}

export type ModelSubmission = {
  /** The store's id. */
  submissionId: string
  kind: SubmissionKind
  requested: string[]
  callerWebhookUrl: string | null
  createdAt: number
  updatedAt: number
  state: SubmissionState
  fileId: string | null
  requestId: string | null
  error: SubmissionError | null
  baseline: Baseline | null
  runs: ModelRun[]
  unrequested: UnrequestedResult[]
}

type ModelNotification = {
  run: ModelRun
  target: string
  body: string
  createdAt: number
  attempt: number
  dueAt: number
}

export type Model = {
  /** A part of every file id, event id, request id and URL of this sequence, because other sequences use the same store. */
  scope: string
  /** In insertion order. */
  submissions: ModelSubmission[]
  /** In insertion order, with removed runs. */
  everyRun: ModelRun[]
  /** The number of runs in `everyRun` that the sweep has passed. */
  sweptCount: number
  deliveries: ModelDelivery[]
  /**
   * Ends of queued uploads that no submission has claimed: when they arrived, no submission had their request id, or the one that
   * had it already had its `baseline`.
   */
  unclaimedEnds: { requestId: string; response: UploadResponse; stored: ModelDelivery }[]
  /** The event ids of the account webhooks received so far. */
  eventIds: Set<string>
  /** Those that have not ended. */
  notifications: ModelNotification[]
}

export function emptyModel(scope: string): Model {
  return {
    scope,
    submissions: [],
    everyRun: [],
    sweptCount: 0,
    deliveries: [],
    unclaimedEnds: [],
    eventIds: new Set(),
    notifications: [],
  }
}
