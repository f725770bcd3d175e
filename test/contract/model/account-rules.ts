import type { AccountEvent } from '../../../src/domain/account-event.ts'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'
import type { Model, ModelDelivery, ModelSubmission } from './model.ts'
import { finalObservation, presentObservation } from './run-rules.ts'
import { applyResponse } from './submission-rules.ts'

/**
 * Applies an account webhook, unless one with its event id was received before. Records its outcome, submission and file in
 * `stored`.
 */
export function applyEvent(model: Model, event: AccountEvent, stored: ModelDelivery): EventResult {
  const { submission = null, ...applied } = applyEventOnce(model, event, stored)
  const fileId = fileNamedBy(event) ?? submission?.fileId ?? null
  Object.assign(stored, { outcome: applied.outcome, submission, fileId })
  return applied
}

/** `fileId` and `submissionId`: the submission that an upload event changed, and its file. */
type EventResult = { outcome: string; fileId: string | null; submissionId?: string }

function fileNamedBy(event: AccountEvent): string | null {
  if (event.kind === 'asset') return event.fileId
  return event.kind === 'upload_finished' && event.response.kind === 'accepted' ? event.response.fileId : null
}

/** `submission`: the one whose upload has ended, whether or not the event changes it. */
function applyEventOnce(
  model: Model,
  event: AccountEvent,
  stored: ModelDelivery,
): EventResult & { submission?: ModelSubmission } {
  if (event.eventId !== null && model.eventIds.has(event.eventId))
    return { outcome: 'duplicate', fileId: null }
  if (event.eventId !== null) model.eventIds.add(event.eventId)
  switch (event.kind) {
    case 'asset':
      return {
        outcome: makeDue(model, event.fileId, stored.receivedAt) ? 'applied' : 'ignored',
        fileId: null,
      }
    case 'upload_finished':
      return applyUploadEnd(model, event.requestId, event.response, stored)
    case 'other':
      return { outcome: 'ignored', fileId: null }
  }
}

/** Makes the pending and expired runs of the asset due at this time, unless they are due earlier. Returns whether there are any. */
function makeDue(model: Model, fileId: string, at: number): boolean {
  const unsettled = model.submissions
    .filter((submission) => submission.fileId === fileId && submission.state !== 'rejected')
    .flatMap(({ runs }) => runs)
    .filter((run) => finalObservation(run) === undefined)
  for (const run of unsettled) run.dueAt = Math.min(run.dueAt ?? at, at)
  return unsettled.length > 0
}

/**
 * Applies the end of a queued upload as a response to the submission that has this request id and no `baseline` yet, which is the
 * details of its file. If there is no such submission, the end waits in `unclaimedEnds`.
 */
function applyUploadEnd(
  model: Model,
  requestId: string,
  response: UploadResponse,
  stored: ModelDelivery,
): EventResult & { submission?: ModelSubmission } {
  const submission = model.submissions.find(
    (known) => known.requestId === requestId && known.baseline === null,
  )
  if (submission === undefined) {
    model.unclaimedEnds.push({ requestId, response, stored })
    return { outcome: 'ignored', fileId: null }
  }
  const before = describeFacts(submission)
  applyResponse(model, submission, response, stored.receivedAt)
  if (describeFacts(submission) === before) return { outcome: 'ignored', fileId: null, submission }
  const { fileId, submissionId } = submission
  return { outcome: 'applied', fileId, submissionId, submission }
}

function describeFacts({ state, fileId, requestId, error, baseline, runs }: ModelSubmission): string {
  const statuses = runs.map((run) => [run.name, presentObservation(run)])
  return JSON.stringify({ state, fileId, requestId, error, baseline, statuses })
}

/**
 * Applies the upload events that arrived before the request id of their submission was known, in order of arrival, until the
 * submission has its `baseline`. A pruned event is not applied, because its content is deleted.
 */
export function applyEarlyUploadEvents(model: Model, submission: ModelSubmission, at: number): void {
  const { requestId, baseline } = submission
  const end = model.unclaimedEnds.find((known) => known.requestId === requestId && !known.stored.isPruned)
  if (end === undefined || baseline !== null) return
  model.unclaimedEnds.splice(model.unclaimedEnds.indexOf(end), 1)
  const before = describeFacts(submission)
  applyResponse(model, submission, end.response, at)
  const outcome = describeFacts(submission) === before ? 'ignored' : 'applied'
  Object.assign(end.stored, { outcome, submission, fileId: end.stored.fileId ?? submission.fileId })
  applyEarlyUploadEvents(model, submission, at)
}
