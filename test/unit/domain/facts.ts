import { decideStatus } from '../../../src/domain/decide-status.ts'
import {
  type Change,
  type DeliveryDecision,
  decideDelivery,
  type ExtensionResult,
} from '../../../src/domain/extension-result.ts'
import { type Evidence, type FinalStatus, type Run, requestedRun } from '../../../src/domain/run.ts'
import { openSubmission, type Submission } from '../../../src/domain/submission.ts'
import {
  decideResponse,
  type UnclaimedDelivery,
  type UploadResponse,
} from '../../../src/domain/upload-response.ts'

export const FILE = 'file-1'
const REQUESTED_AT = 1_000

export function aRun(facts: Partial<Run> = {}): Run {
  const request = {
    runId: 'run-1',
    submissionId: 'submission-1',
    name: 'remove-bg',
    attempt: 1,
    at: REQUESTED_AT,
  }
  return { ...requestedRun(request), ...facts }
}

export function aSubmission(facts: Partial<Submission> = {}): Submission {
  return { ...requesting('remove-bg').submission, ...facts }
}

/** An upload that requested these extensions, with its runs `run-1`, `run-2`, … as they are committed. */
export function requesting(...names: string[]): TrackedSubmission {
  return openSubmission(
    {
      kind: 'upload',
      fileId: null,
      fileName: null,
      extensions: names.map((name) => ({ name })),
      callerWebhookUrl: null,
      keyName: null,
      setsDescription: false,
      at: REQUESTED_AT,
      attempt: 1,
    },
    { submission: numbered('submission'), run: numbered('run') },
  )
}

export const NEW_TAGS: Evidence = {
  kind: 'new_ai_tags',
  source: 'google-auto-tagging',
  before: [],
  now: ['cat'],
}

export function numbered(prefix: string): () => string {
  let count = 0
  return () => `${prefix}-${++count}`
}

export function aResult(facts: Partial<ExtensionResult> = {}): ExtensionResult {
  return { service: 'remove-bg', status: 'success', fileId: FILE, error: null, ...facts }
}

export function accepted(
  extensionStatus: { [name: string]: 'pending' | FinalStatus } = {},
  facts: { fileId?: string | null; fileName?: string | null; requestId?: string | null } = {},
): UploadResponse & { kind: 'accepted' } {
  return {
    kind: 'accepted',
    fileId: FILE,
    fileName: 'cat.png',
    requestId: 'request-1',
    extensionStatus,
    baseline: null,
    ...facts,
  }
}

export function failure(
  kind: 'rejected' | 'unconfirmed',
): UploadResponse & { kind: 'rejected' | 'unconfirmed' } {
  return { kind, requestId: null, error: { code: kind, message: 'It went wrong.', status: null } }
}

/** Freezes the value deeply, so that changing an input throws. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  const parts: unknown[] = Object.values(value)
  for (const part of parts) frozen(part)
  return Object.freeze(value)
}

/** `unclaimed`: deliveries for extensions that were not requested, in order of arrival, until a response claims them. */
export type TrackedSubmission = { submission: Submission; runs: Run[]; unclaimed?: UnclaimedDelivery[] }

export type Fact =
  | { kind: 'response'; response: UploadResponse }
  | { kind: 'webhook'; result: ExtensionResult }
  | { kind: 'evidence'; name: string }
  | { kind: 'expiry' }

/** The submission after the fact, and the decision if the fact was a webhook. */
export type AppliedFact = { known: TrackedSubmission; decision: DeliveryDecision | null }

/** Applies a fact as a store does, except that evidence and expiry also count for a run that is not due. */
export function applyFact(
  known: TrackedSubmission,
  fact: Fact,
  newRunId: () => string,
  at: number,
): AppliedFact {
  const { submission, runs } = frozen(known)
  switch (fact.kind) {
    case 'response': {
      const { unclaimed = [] } = known
      const change = decideResponse(submission, runs, frozen(fact.response), unclaimed, newRunId, at)
      const claimedIds = new Set(change.claimed.map(({ deliveryId }) => deliveryId))
      const remaining = unclaimed.filter(({ deliveryId }) => !claimedIds.has(deliveryId))
      return { known: { ...applyChange(known, change), unclaimed: remaining }, decision: null }
    }
    case 'webhook': {
      const decision = decideDelivery(
        submission,
        { runs, extensions: submission.extensions },
        frozen(fact.result),
        newRunId,
        at,
      )
      const { unclaimed = [] } = known
      const received = { deliveryId: `delivery-${at}`, result: fact.result, receivedAt: at }
      const stillUnclaimed = decision.cause === 'not_requested' ? [...unclaimed, received] : unclaimed
      return { known: { ...applyChange(known, decision), unclaimed: stillUnclaimed }, decision }
    }
    case 'evidence': {
      const changed = runs.map((run) => {
        const evidence = NEW_TAGS
        return run.name === fact.name
          ? decideStatus(run, { source: 'reconcile', status: 'success', evidence }, at).run
          : run
      })
      return { known: { ...known, runs: changed }, decision: null }
    }
    case 'expiry': {
      const changed = runs.map((run) => decideStatus(run, { source: 'expiry', reason: 'timed_out' }, at).run)
      return { known: { ...known, runs: changed }, decision: null }
    }
  }
}

function applyChange(
  known: TrackedSubmission,
  change: Change<Partial<TrackedSubmission['submission']>>,
): TrackedSubmission {
  const changed = new Map(change.runs.map((run) => [run.runId, run]))
  const existing = known.runs.map((run) => changed.get(run.runId) ?? run)
  const added = change.runs.filter((run) => !known.runs.some((other) => other.runId === run.runId))
  return {
    submission: { ...known.submission, ...change.submission },
    runs: [...existing, ...added].filter((run) => run.runId !== change.removedRunId),
  }
}

/** Applies the facts one after another, each one millisecond later than the one before. Returns the result of each. */
export function applyFacts(
  start: TrackedSubmission,
  facts: readonly Fact[],
  startAt = REQUESTED_AT,
): AppliedFact[] {
  const newRunId = numbered(`made-${startAt}`)
  const steps: AppliedFact[] = []
  let known = start
  for (const [index, fact] of facts.entries()) {
    const applied = applyFact(known, fact, newRunId, startAt + index + 1)
    steps.push(applied)
    known = applied.known
  }
  return steps
}

export function statusesOf(known: TrackedSubmission): { [name: string]: string } {
  return Object.fromEntries(known.runs.map((run) => [run.name, run.status]))
}
