import type { AccountEvent } from '../../../src/domain/account-event.ts'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'
import type { KeptDelivery, Model, ModelSubmission } from './model.ts'
import { finalWord, presentWord } from './run-rules.ts'
import { hearAnswer } from './submission-rules.ts'

/** What an account webhook does, once for each id of an event. */
export function hearEvent(model: Model, event: AccountEvent, kept: KeptDelivery): Heard {
  const { of: submission = null, ...heard } = hearOnce(model, event, kept)
  const fileId = namedFile(event) ?? submission?.fileId ?? null
  Object.assign(kept, { outcome: heard.outcome, submission, fileId })
  return heard
}

type Heard = { outcome: string; fileId: string | null; submissionId?: string }

function namedFile(event: AccountEvent): string | null {
  if (event.kind === 'asset') return event.fileId
  return event.kind === 'upload_finished' && event.answer.kind === 'accepted' ? event.answer.fileId : null
}

/** `of`: the submission whose upload it reports, whether or not that has changed. */
function hearOnce(model: Model, event: AccountEvent, kept: KeptDelivery): Heard & { of?: ModelSubmission } {
  if (event.eventId !== null && model.eventIds.has(event.eventId))
    return { outcome: 'duplicate', fileId: null }
  if (event.eventId !== null) model.eventIds.add(event.eventId)
  switch (event.kind) {
    case 'asset':
      return { outcome: hasten(model, event.fileId, kept.receivedAt) ? 'applied' : 'ignored', fileId: null }
    case 'upload_finished':
      return hearEnd(model, event.requestId, event.answer, kept)
    case 'other':
      return { outcome: 'ignored', fileId: null }
  }
}

/** What is pending or expired of the asset is looked at now, and what is due already keeps its time. */
function hasten(model: Model, fileId: string, at: number): boolean {
  const unsettled = model.submissions
    .filter((submission) => submission.fileId === fileId && submission.state !== 'rejected')
    .flatMap(({ runs }) => runs)
    .filter((run) => finalWord(run) === undefined)
  for (const run of unsettled) run.dueAt = Math.min(run.dueAt ?? at, at)
  return unsettled.length > 0
}

/** The end of an upload is its answer, unless its file's details were told already. */
function hearEnd(
  model: Model,
  requestId: string,
  answer: UploadResponse,
  kept: KeptDelivery,
): Heard & { of?: ModelSubmission } {
  const submission = model.submissions.find(
    (known) => known.requestId === requestId && known.baseline === null,
  )
  if (submission === undefined) {
    model.unclaimedEnds.push({ requestId, answer, kept })
    return { outcome: 'ignored', fileId: null }
  }
  const before = seen(submission)
  hearAnswer(model, submission, answer, kept.receivedAt)
  if (seen(submission) === before) return { outcome: 'ignored', fileId: null, of: submission }
  const { fileId, submissionId } = submission
  return { outcome: 'applied', fileId, submissionId, of: submission }
}

function seen({ state, fileId, requestId, error, baseline, runs }: ModelSubmission): string {
  const told = runs.map((run) => [run.name, presentWord(run)])
  return JSON.stringify({ state, fileId, requestId, error, baseline, told })
}

/** An end that came before anybody knew whose it is is heard as soon as that is known, however many there were. */
export function hearEarlierEnds(model: Model, submission: ModelSubmission, at: number): void {
  const { requestId, baseline } = submission
  const end = model.unclaimedEnds.find((known) => known.requestId === requestId && !known.kept.isPruned)
  if (end === undefined || baseline !== null) return
  model.unclaimedEnds.splice(model.unclaimedEnds.indexOf(end), 1)
  const before = seen(submission)
  hearAnswer(model, submission, end.answer, at)
  const outcome = seen(submission) === before ? 'ignored' : 'applied'
  Object.assign(end.kept, { outcome, submission, fileId: end.kept.fileId ?? submission.fileId })
  hearEarlierEnds(model, submission, at)
}
