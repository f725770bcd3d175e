import type { Json } from '../../../src/domain/json.ts'
import type { Model, ModelRun, ModelSubmission, Observation } from './model.ts'

const SAVED = 'saved-extension'
const MAX_ERROR_BYTES = 16 * 1024

const isFinal = ({ status }: Observation) => status === 'success' || status === 'failed'

/** The first final status: later observations don't change it. */
export function finalObservation(run: ModelRun): Observation | undefined {
  return run.observations.find(isFinal)
}

/** The observation that determines the status: the first final one, else the expiry, else the response, else the request. */
export function presentObservation(run: ModelRun): Observation {
  return (
    finalObservation(run) ??
    run.observations.find(({ by }) => by === 'expiry') ??
    run.observations.find(({ by }) => by === 'response') ??
    run.observations[0]
  )
}

/** The observation with the reason for a failure: the first webhook that reports the failure with an error. */
function failureReason(run: ModelRun): Observation | undefined {
  if (finalObservation(run)?.status !== 'failed') return undefined
  return run.observations.find(
    ({ by, status, error }) => by === 'webhook' && status === 'failed' && error !== null,
  )
}

/** An error that is too large is replaced by its size. */
function storedError(error: Json | null): Json {
  const bytes = Buffer.byteLength(JSON.stringify(error))
  return bytes > MAX_ERROR_BYTES ? { truncated: true, bytes } : error
}

/** Whether a webhook has reported the opposite of the final status. */
export function isContradicted(run: ModelRun): boolean {
  const first = finalObservation(run)
  return (
    first !== undefined &&
    run.observations.some(({ by, status }) => by === 'webhook' && status !== first.status)
  )
}

/** The cause of the failure; empty if the run has not failed. */
export function causeOfRun(run: ModelRun): string {
  if (presentObservation(run).status !== 'failed') return ''
  const error = failureReason(run)?.error
  const code = typeof error === 'object' && error !== null && 'code' in error ? error['code'] : null
  return typeof code === 'string' ? code : 'No reason given'
}

/** The run as the store should return it. */
export function describeRun(run: ModelRun) {
  const present = presentObservation(run)
  const why = failureReason(run)
  return {
    submissionId: run.submission.submissionId,
    name: run.name,
    requestedAs: run.requestedAs,
    status: present.status,
    source: present.by,
    attempt: 1,
    requestedAt: run.observations[0].at,
    settledAt: finalObservation(run)?.at ?? null,
    updatedAt: (why ?? present).at,
    error: why ? storedError(why.error) : null,
    evidence: present.evidence,
    contradicted: isContradicted(run),
    // The model excludes operators' actions.
    acknowledgedAt: null,
  }
}

export function addRun(
  model: Model,
  submission: ModelSubmission,
  name: string,
  dueAt: number | null,
): ModelRun {
  const request = {
    by: 'request',
    status: 'pending',
    at: submission.createdAt,
    error: null,
    evidence: null,
  } as const
  const made = { submission, name, requestedAs: null, dueAt, isRemoved: false, runId: null }
  const run: ModelRun = { ...made, observations: [request] }
  submission.runs.push(run)
  model.everyRun.push(run)
  return run
}

/**
 * Adds a run under a name that was not requested. While the real name of a saved extension is unknown, the run stands for that
 * extension and takes over the observations of its placeholder.
 */
export function addUnrequested(
  model: Model,
  submission: ModelSubmission,
  name: string,
  dueAt: number | null,
): ModelRun {
  const placeholder = submission.runs.find((run) => run.name === SAVED)
  const isSaved = countUnnamed(submission) > 0
  const run = addRun(model, submission, name, dueAt)
  if (!isSaved) return run
  run.requestedAs = SAVED
  if (placeholder) run.observations = [...placeholder.observations]
  return run
}

/** The number of saved extensions whose real names are unknown; 0 once the placeholder itself is settled, even by evidence. */
export function countUnnamed({ requested, runs }: ModelSubmission): number {
  if (runs.some((run) => run.name === SAVED && finalObservation(run))) return 0
  return (
    requested.filter((name) => name === SAVED).length - runs.filter((run) => run.requestedAs === SAVED).length
  )
}

/** Removes a placeholder that is not settled, once it no longer stands for any saved extension. */
export function dropPlaceholder(submission: ModelSubmission): void {
  if (countUnnamed(submission) > 0) return
  for (const run of submission.runs) run.isRemoved ||= run.name === SAVED && !finalObservation(run)
  submission.runs = submission.runs.filter(({ isRemoved }) => !isRemoved)
}

/**
 * Adds an observation. If it settles the run, and neither `notificationBody` nor the submission's `callerWebhookUrl` is null, a
 * notification becomes due at `at`.
 */
export function addObservation(
  model: Model,
  run: ModelRun,
  observation: Observation,
  notificationBody: string | null,
  at: number,
): void {
  const wasSettled = finalObservation(run) !== undefined
  run.observations.push(observation)
  const target = run.submission.callerWebhookUrl
  if (wasSettled || finalObservation(run) !== observation || target === null || notificationBody === null)
    return
  model.notifications.push({ run, target, body: notificationBody, createdAt: at, attempt: 1, dueAt: at })
}
