import type { Json } from '../../../src/domain/json.ts'
import type { FinalStatus, RunSource, RunStatus } from '../../../src/domain/run.ts'
import type { StatusReason } from '../../../src/domain/status-reason.ts'
import type {
  Baseline,
  SubmissionError,
  SubmissionKind,
  SubmissionState,
} from '../../../src/domain/submission.ts'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'

// The rules of submissions, runs and deliveries told a second time, from what has been said and not from what was
// concluded: nothing here is a function of `src/domain`, only its types are.

/** One thing that was said of a run. */
export type Saying = {
  by: RunSource
  word: RunStatus
  at: number
  error: Json | null
  evidence: StatusReason | null
}

/** A run is what was said of it, in the order in which it was heard; the request is the first to speak. */
export type ModelRun = {
  submission: ModelSubmission
  name: string
  requestedAs: string | null
  sayings: [Saying, ...Saying[]]
  dueAt: number | null
  isGone: boolean
  /** The store's name for it, once it was seen; the same ever after. */
  runId: string | null
}

/** A delivery that was kept, as long as its body is. */
export type KeptDelivery = {
  deliveryId: string
  receivedAt: number
  body: string
  isPruned: boolean
  /** What came of it, which a response may change. */
  outcome: string
  cause: string | null
  service: string | null
  submission: ModelSubmission | null
  /** The run that it speaks of. */
  run: ModelRun | null
  /** That it named, else that of its submission then. */
  fileId: string | null
}

/** A webhook of a service that nobody had asked for. It waits for an answer that names it. */
type UnaskedWord = {
  service: string
  status: FinalStatus
  fileId: string | null
  error: Json | null
  kept: KeptDelivery
}

export type ModelSubmission = {
  /** The store's name for it. */
  submissionId: string
  kind: SubmissionKind
  asked: string[]
  callerWebhookUrl: string | null
  createdAt: number
  updatedAt: number
  state: SubmissionState
  fileId: string | null
  requestId: string | null
  error: SubmissionError | null
  baseline: Baseline | null
  runs: ModelRun[]
  unasked: UnaskedWord[]
}

type Owed = {
  run: ModelRun
  target: string
  body: string
  createdAt: number
  attempt: number
  dueAt: number
}

export type Model = {
  /** In front of every name that this sequence chooses, for the store has seen others. */
  scope: string
  /** In the order of insertion. */
  submissions: ModelSubmission[]
  /** Those that went, too. */
  everyRun: ModelRun[]
  /** How many of these the sweep has passed. */
  swept: number
  kept: KeptDelivery[]
  /** Ends of uploads that no submission is known to have made. */
  unclaimedEnds: { requestId: string; answer: UploadResponse; kept: KeptDelivery }[]
  eventIds: Set<string>
  owed: Owed[]
}

export function emptyModel(scope: string): Model {
  return {
    scope,
    submissions: [],
    everyRun: [],
    swept: 0,
    kept: [],
    unclaimedEnds: [],
    eventIds: new Set(),
    owed: [],
  }
}
