import type { ExtensionResult } from '../../../src/domain/extension-result.ts'
import type { NewSubmission, Submission } from '../../../src/domain/submission.ts'
import type { UploadResponse } from '../../../src/domain/upload-response.ts'
import type { KeptDelivery, Model, ModelRun, ModelSubmission } from './model.ts'
import {
  addRun,
  addUnasked,
  countUnnamed,
  dropPlaceholder,
  finalWord,
  hear,
  isContradicted,
} from './run-rules.ts'

type Revision = Partial<Pick<ModelSubmission, 'state' | 'fileId' | 'requestId' | 'error' | 'baseline'>>

export function submit(model: Model, asked: NewSubmission, submissionId: string): void {
  const { kind, callerWebhookUrl, fileId, at } = asked
  const names = asked.extensions.map(({ name }) => name)
  const submission: ModelSubmission = {
    submissionId,
    kind,
    asked: names,
    callerWebhookUrl,
    createdAt: at,
    updatedAt: at,
    state: 'submitting',
    fileId,
    requestId: null,
    error: null,
    baseline: null,
    runs: [],
    unasked: [],
  }
  model.submissions.push(submission)
  for (const name of new Set(names)) addRun(model, submission, name, null)
}

/**
 * Nothing of a rejected submission is looked at. If it turns out not to be, all of it is due at once: gives that time then, for
 * runs that come with it.
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

/** A submission as it should be found. */
export function describeSubmission(submission: ModelSubmission): Submission {
  const { submissionId, kind, asked, callerWebhookUrl, createdAt, updatedAt } = submission
  return {
    ...submissionFacts(submission),
    submissionId,
    kind,
    callerWebhookUrl,
    createdAt,
    updatedAt,
    extensions: asked.map((name) => ({ name })),
    fileName: 'cat.png',
    keyName: 'default',
    setsDescription: false,
  }
}

function submissionFacts({ state, fileId, requestId, error, baseline }: ModelSubmission) {
  return { state, fileId, requestId, error, baseline }
}

function isOtherFile(submission: ModelSubmission, fileId: string | null): boolean {
  return fileId !== null && submission.fileId !== null && fileId !== submission.fileId
}

/** A run that was not asked for is due when the first of its siblings is that is due at all; `at` with one that counts again. */
function dueWithSiblings({ runs }: ModelSubmission, at: number | null): number | null {
  return at ?? runs.find((run) => finalWord(run) === undefined && run.dueAt !== null)?.dueAt ?? null
}

type Heard = { outcome: string; cause: string | null; fileId: string | null; run: ModelRun | null }

export function hearWebhook(
  model: Model,
  submissionId: string,
  word: ExtensionResult,
  keep: () => KeptDelivery,
): Heard {
  const submission = model.submissions.find((known) => known.submissionId === submissionId)
  if (submission === undefined)
    return { outcome: 'rejected', cause: 'unknown_submission', fileId: null, run: null }
  const kept = keep()
  const heard = hearWord(model, submission, word, kept)
  const { outcome, cause, run } = heard
  const { service, fileId } = word
  Object.assign(kept, { outcome, cause, service, submission, run, fileId: fileId ?? submission.fileId })
  return heard
}

function hearWord(
  model: Model,
  submission: ModelSubmission,
  word: ExtensionResult,
  kept: KeptDelivery,
): Heard {
  const ignored = (cause: string, run: ModelRun | null = null) => {
    return { outcome: 'ignored', cause, fileId: submission.fileId, run }
  }
  const { service, status, fileId, error } = word
  if (service === null) return ignored('unknown_shape')
  if (isOtherFile(submission, fileId)) return ignored('other_file')
  const asked = submission.runs.find((run) => run.name === service)
  if (status === null) return ignored('unknown_status', asked ?? null)
  if (asked === undefined && countUnnamed(submission) <= 0) {
    submission.unasked.push({ service, status, fileId, error, kept })
    return ignored('not_requested')
  }

  const { receivedAt: at, body } = kept
  // That ImageKit tells of it proves that ImageKit has it.
  const again = revise(
    submission,
    { state: 'accepted', fileId: submission.fileId ?? fileId, error: null },
    at,
  )
  const run = asked ?? addUnasked(model, submission, service, dueWithSiblings(submission, again))
  const outcome = outcomeOf(run, status)
  hear(model, run, { by: 'webhook', word: status, at, error, evidence: null }, body, at)
  dropPlaceholder(submission)
  return { outcome, cause: null, fileId: submission.fileId, run }
}

function outcomeOf(run: ModelRun, status: string): string {
  const first = finalWord(run)?.word
  if (first === undefined) return 'applied'
  return first === status || isContradicted(run) ? 'duplicate' : 'contradicted'
}

/** ImageKit's answer, by the response or by an account webhook that tells how a queued upload ended. */
export function hearAnswer(
  model: Model,
  submission: ModelSubmission,
  answer: UploadResponse,
  at: number,
): 'applied' | 'conflict' {
  const requestId = answer.requestId ?? submission.requestId
  if (answer.kind !== 'accepted') {
    if (isClearerThan(submission, answer.kind)) return 'conflict'
    revise(submission, { state: answer.kind, error: answer.error, requestId }, at)
    return 'applied'
  }
  if (isOtherFile(submission, answer.fileId)) return 'conflict'
  const isUnnamed = submission.fileId === null && answer.fileId === null
  if (submission.state === 'rejected' && isUnnamed) return 'conflict'

  const made = Object.keys(answer.extensionStatus).filter(
    (name) => !submission.runs.some((run) => run.name === name),
  )
  const fromWebhook = submission.unasked.find(
    ({ service, fileId }) => made.includes(service) && fileId !== null,
  )
  const fileId = submission.fileId ?? answer.fileId ?? fromWebhook?.fileId ?? null
  const baseline = submission.baseline ?? answer.baseline
  const again = revise(submission, { state: 'accepted', fileId, requestId, baseline, error: null }, at)
  const dueAt = dueWithSiblings(submission, again)
  for (const [name, word] of Object.entries(answer.extensionStatus)) {
    const asked = submission.runs.find((run) => run.name === name)
    const run = asked ?? addUnasked(model, submission, name, dueAt)
    if (asked === undefined) takeUnasked(model, run, at)
    hear(model, run, { by: 'response', word, at, error: null, evidence: null }, null, at)
  }
  dropPlaceholder(submission)
  return 'applied'
}

/** Webhooks that came before anybody knew of this run are heard now, as they came. */
function takeUnasked(model: Model, run: ModelRun, at: number): void {
  const { submission, name } = run
  const taken = submission.unasked.filter(
    ({ service, fileId }) => service === name && !isOtherFile(submission, fileId),
  )
  submission.unasked = submission.unasked.filter((unasked) => !taken.includes(unasked))
  for (const { status: word, error, kept } of taken) {
    Object.assign(kept, { outcome: outcomeOf(run, word), cause: null, run })
    const saying = { by: 'webhook', word, at: kept.receivedAt, error, evidence: null } as const
    hear(model, run, saying, kept.isPruned ? null : kept.body, at)
  }
}

/** That it was accepted is clearest, but for an upload that was only queued; an unclear answer never weakens a clear one. */
function isClearerThan(submission: ModelSubmission, kind: 'rejected' | 'unconfirmed'): boolean {
  if (kind === 'unconfirmed') return submission.state === 'accepted' || submission.state === 'rejected'
  return submission.state === 'accepted' && submission.fileId !== null
}

/** What a dead process left under way; who uploads for an external submission lives elsewhere. */
export function hearOfDeath(model: Model, at: number): number {
  const left = model.submissions.filter(({ kind, state }) => kind !== 'external' && state === 'submitting')
  const message = 'The process ended before the response of ImageKit was stored.'
  for (const submission of left)
    revise(submission, { state: 'unconfirmed', error: { code: 'process_died', message, status: null } }, at)
  return left.length
}
