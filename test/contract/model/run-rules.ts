import type { Json } from '../../../src/domain/json.ts'
import type { Model, ModelRun, ModelSubmission, Saying } from './model.ts'

const SAVED = 'saved-extension'
const TOLD_WHOLE_BYTES = 16 * 1024

const isFinal = ({ word }: Saying) => word === 'success' || word === 'failed'

/** The first final word: nothing that is said later changes the status. */
export function finalWord(run: ModelRun): Saying | undefined {
  return run.sayings.find(isFinal)
}

/** What the status rests on: a final word, else that the time was over, else that ImageKit said "pending", else the request. */
export function presentWord(run: ModelRun): Saying {
  return (
    finalWord(run) ??
    run.sayings.find(({ by }) => by === 'expiry') ??
    run.sayings.find(({ by }) => by === 'response') ??
    run.sayings[0]
  )
}

/** Who failed tells why: the first webhook that says so and has a reason. */
function reason(run: ModelRun): Saying | undefined {
  if (finalWord(run)?.word !== 'failed') return undefined
  return run.sayings.find(({ by, word, error }) => by === 'webhook' && word === 'failed' && error !== null)
}

function shown(error: Json | null): Json {
  const bytes = Buffer.byteLength(JSON.stringify(error))
  return bytes > TOLD_WHOLE_BYTES ? { truncated: true, bytes } : error
}

export function isContradicted(run: ModelRun): boolean {
  const first = finalWord(run)
  return first !== undefined && run.sayings.some(({ by, word }) => by === 'webhook' && word !== first.word)
}

/** Why it failed, in a word; empty where it did not. */
export function causeOfRun(run: ModelRun): string {
  if (presentWord(run).word !== 'failed') return ''
  const error = reason(run)?.error
  const code = typeof error === 'object' && error !== null && 'code' in error ? error['code'] : null
  return typeof code === 'string' ? code : 'no cause told'
}

/** A run as it should be found. */
export function describeRun(run: ModelRun) {
  const present = presentWord(run)
  const why = reason(run)
  return {
    submissionId: run.submission.submissionId,
    name: run.name,
    requestedAs: run.requestedAs,
    status: present.word,
    source: present.by,
    attempt: 1,
    requestedAt: run.sayings[0].at,
    settledAt: finalWord(run)?.at ?? null,
    updatedAt: (why ?? present).at,
    error: why ? shown(why.error) : null,
    evidence: present.evidence,
    contradicted: isContradicted(run),
    // What operators do is no part of the model.
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
    word: 'pending',
    at: submission.createdAt,
    error: null,
    evidence: null,
  } as const
  const made = { submission, name, requestedAs: null, dueAt, isGone: false, runId: null }
  const run: ModelRun = { ...made, sayings: [request] }
  submission.runs.push(run)
  model.everyRun.push(run)
  return run
}

/**
 * The run under a name that was not asked for. While a saved extension has no name yet, it is that one, and what was said
 * of the placeholder was said of it.
 */
export function addUnasked(
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
  if (placeholder) run.sayings = [...placeholder.sayings]
  return run
}

/** How many saved extensions still wait for their name; none, once ImageKit has settled one under the name they share. */
export function countUnnamed({ asked, runs }: ModelSubmission): number {
  if (runs.some((run) => run.name === SAVED && finalWord(run))) return 0
  return (
    asked.filter((name) => name === SAVED).length - runs.filter((run) => run.requestedAs === SAVED).length
  )
}

/** A placeholder that stands for nothing any more is no run. */
export function dropPlaceholder(submission: ModelSubmission): void {
  if (countUnnamed(submission) > 0) return
  for (const run of submission.runs) run.isGone ||= run.name === SAVED && !finalWord(run)
  submission.runs = submission.runs.filter(({ isGone }) => !isGone)
}

/** What is said is remembered. Where it settles the run, a caller who wants to know is owed `notice`, if there is one. */
export function hear(model: Model, run: ModelRun, saying: Saying, notice: string | null, at: number): void {
  const wasSettled = finalWord(run) !== undefined
  run.sayings.push(saying)
  const target = run.submission.callerWebhookUrl
  if (wasSettled || finalWord(run) !== saying || target === null || notice === null) return
  model.owed.push({ run, target, body: notice, createdAt: at, attempt: 1, dueAt: at })
}
