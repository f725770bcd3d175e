import type { ExtensionResult } from '../../../src/domain/extension-result.ts'
import type { NewSubmission, Submission } from '../../../src/domain/submission.ts'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'
import type { Model, ModelDelivery, ModelRun, ModelSubmission } from './model.ts'
import {
  addObservation,
  addRun,
  addUnrequested,
  countUnnamed,
  dropPlaceholder,
  finalObservation,
  isContradicted,
} from './run-rules.ts'

type Revision = Partial<Pick<ModelSubmission, 'state' | 'fileId' | 'requestId' | 'error' | 'baseline'>>

export function submit(model: Model, request: NewSubmission, submissionId: string): void {
  const { kind, callerWebhookUrl, fileId, at } = request
  const names = request.extensions.map(({ name }) => name)
  const submission: ModelSubmission = {
    submissionId,
    kind,
    requested: names,
    callerWebhookUrl,
    createdAt: at,
    updatedAt: at,
    state: 'submitting',
    fileId,
    requestId: null,
    error: null,
    baseline: null,
    runs: [],
    unrequested: [],
  }
  model.submissions.push(submission)
  for (const name of new Set(names)) addRun(model, submission, name, null)
}

/**
 * Changes a submission. The runs of a rejected submission are never due. If a rejected submission is accepted after all, its runs
 * are due at once, and so are runs that are added in the same step: returns their due time. In all other cases, returns null.
 */
function revise(submission: ModelSubmission, revision: Revision, at: number): number | null {
  const before = JSON.stringify(submissionFacts(submission))
  const wasRejected = submission.state === 'rejected'
  Object.assign(submission, revision)
  if (JSON.stringify(submissionFacts(submission)) !== before) submission.updatedAt = at
  const isRejected = submission.state === 'rejected'
  if (isRejected || wasRejected) for (const run of submission.runs) run.dueAt = isRejected ? null : at
  return wasRejected && !isRejected ? at : null
}

/** The submission as the store should return it. */
export function describeSubmission(submission: ModelSubmission): Submission {
  const { submissionId, kind, requested, callerWebhookUrl, createdAt, updatedAt } = submission
  return {
    ...submissionFacts(submission),
    submissionId,
    kind,
    callerWebhookUrl,
    createdAt,
    updatedAt,
    extensions: requested.map((name) => ({ name })),
    // The other values are the defaults of `newSubmission`.
    fileName: 'cat.png',
    keyName: 'default',
    setsDescription: false,
    traceparent: null,
  }
}

function submissionFacts({ state, fileId, requestId, error, baseline }: ModelSubmission) {
  return { state, fileId, requestId, error, baseline }
}

function isOtherFile(submission: ModelSubmission, fileId: string | null): boolean {
  return fileId !== null && submission.fileId !== null && fileId !== submission.fileId
}

/** The due time of a run that was not requested: the time from `revise`, else that of the first unsettled sibling that has one. */
function dueWithSiblings({ runs }: ModelSubmission, dueAgainAt: number | null): number | null {
  return (
    dueAgainAt ?? runs.find((run) => finalObservation(run) === undefined && run.dueAt !== null)?.dueAt ?? null
  )
}

type WebhookResult = { outcome: string; cause: string | null; fileId: string | null; run: ModelRun | null }

export function applyWebhook(
  model: Model,
  submissionId: string,
  result: ExtensionResult,
  addDelivery: () => ModelDelivery,
): WebhookResult {
  const submission = model.submissions.find((known) => known.submissionId === submissionId)
  if (submission === undefined)
    return { outcome: 'rejected', cause: 'unknown_submission', fileId: null, run: null }
  const stored = addDelivery()
  const applied = applyResult(model, submission, result, stored)
  const { outcome, cause, run } = applied
  const { service, fileId } = result
  Object.assign(stored, { outcome, cause, service, submission, run, fileId: fileId ?? submission.fileId })
  return applied
}

function applyResult(
  model: Model,
  submission: ModelSubmission,
  result: ExtensionResult,
  stored: ModelDelivery,
): WebhookResult {
  const ignored = (cause: string, run: ModelRun | null = null) => {
    return { outcome: 'ignored', cause, fileId: submission.fileId, run }
  }
  const { service, status, fileId, error } = result
  if (service === null) return ignored('unknown_shape')
  if (isOtherFile(submission, fileId)) return ignored('other_file')
  const known = submission.runs.find((run) => run.name === service)
  if (status === null) return ignored('unknown_status', known ?? null)
  if (known === undefined && countUnnamed(submission) <= 0) {
    submission.unrequested.push({ service, status, fileId, error, stored })
    return ignored('not_requested')
  }

  const { receivedAt: at, body } = stored
  // A webhook proves that ImageKit has the submission.
  const dueAgainAt = revise(
    submission,
    { state: 'accepted', fileId: submission.fileId ?? fileId, error: null },
    at,
  )
  const run = known ?? addUnrequested(model, submission, service, dueWithSiblings(submission, dueAgainAt))
  const outcome = outcomeOf(run, status)
  addObservation(model, run, { by: 'webhook', status, at, error, evidence: null }, body, at)
  dropPlaceholder(submission)
  return { outcome, cause: null, fileId: submission.fileId, run }
}

function outcomeOf(run: ModelRun, status: string): string {
  const first = finalObservation(run)?.status
  if (first === undefined) return 'applied'
  return first === status || isContradicted(run) ? 'duplicate' : 'contradicted'
}

/** Applies ImageKit's response, or the end of a queued upload that an account webhook reports. */
export function applyResponse(
  model: Model,
  submission: ModelSubmission,
  response: UploadResponse,
  at: number,
): 'applied' | 'conflict' {
  const requestId = response.requestId ?? submission.requestId
  if (response.kind !== 'accepted') {
    if (isClearerThan(submission, response.kind)) return 'conflict'
    revise(submission, { state: response.kind, error: response.error, requestId }, at)
    return 'applied'
  }
  if (isOtherFile(submission, response.fileId)) return 'conflict'
  const isOnlyQueued = submission.fileId === null && response.fileId === null
  // ImageKit rejects an upload after it has queued it, so a rejection counts even if the queueing is reported later.
  if (submission.state === 'rejected' && isOnlyQueued) return 'conflict'

  const addedNames = Object.keys(response.extensionStatus).filter(
    (name) => !submission.runs.some((run) => run.name === name),
  )
  const fromWebhook = submission.unrequested.find(
    ({ service, fileId }) => addedNames.includes(service) && fileId !== null,
  )
  const fileId = submission.fileId ?? response.fileId ?? fromWebhook?.fileId ?? null
  const baseline = submission.baseline ?? response.baseline
  const dueAgainAt = revise(submission, { state: 'accepted', fileId, requestId, baseline, error: null }, at)
  const dueAt = dueWithSiblings(submission, dueAgainAt)
  for (const [name, status] of Object.entries(response.extensionStatus)) {
    const known = submission.runs.find((run) => run.name === name)
    const run = known ?? addUnrequested(model, submission, name, dueAt)
    if (known === undefined) claimUnrequested(model, run, at)
    addObservation(model, run, { by: 'response', status, at, error: null, evidence: null }, null, at)
  }
  dropPlaceholder(submission)
  return 'applied'
}

/**
 * Applies the webhooks for this run that arrived before it existed and name no other file. Each counts as of the time at which it was
 * received. A notification is due at `at`; there is none if the webhook that settles the run is pruned.
 */
function claimUnrequested(model: Model, run: ModelRun, at: number): void {
  const { submission, name } = run
  const claimed = submission.unrequested.filter(
    ({ service, fileId }) => service === name && !isOtherFile(submission, fileId),
  )
  submission.unrequested = submission.unrequested.filter((unrequested) => !claimed.includes(unrequested))
  for (const { status, error, stored } of claimed) {
    Object.assign(stored, { outcome: outcomeOf(run, status), cause: null, run })
    const observation = { by: 'webhook', status, at: stored.receivedAt, error, evidence: null } as const
    addObservation(model, run, observation, stored.isPruned ? null : stored.body, at)
  }
}

/**
 * Whether the submission's state is more definite than a response of this kind. `unconfirmed` changes neither `accepted` nor
 * `rejected`. `rejected` changes `accepted` only while the file is unknown, because then the upload may be queued.
 */
function isClearerThan(submission: ModelSubmission, kind: 'rejected' | 'unconfirmed'): boolean {
  if (kind === 'unconfirmed') return submission.state === 'accepted' || submission.state === 'rejected'
  return submission.state === 'accepted' && submission.fileId !== null
}

/**
 * Marks as unconfirmed the submissions that a dead process left in progress, and returns their number. External submissions are
 * excluded: whoever uploads them may still report the response.
 */
export function recoverAbandoned(model: Model, at: number): number {
  const abandoned = model.submissions.filter(
    ({ kind, state }) => kind !== 'external' && state === 'submitting',
  )
  const message = "The process ended before ImageKit's response was stored."
  for (const submission of abandoned)
    revise(submission, { state: 'unconfirmed', error: { code: 'process_died', message, status: null } }, at)
  return abandoned.length
}
