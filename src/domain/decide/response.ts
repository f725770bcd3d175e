import { TrackerError } from '../errors.ts'
import type { KeyClaim, StoredResponse } from '../idempotency.ts'
import { type NewIds, numberOf } from '../ids.ts'
import type { Submission } from '../submission.ts'
import {
  decideResponse,
  type ResponseDecision,
  type UnclaimedDelivery,
  type UploadResponse,
} from '../upload-response.ts'
import { findOwnClaim } from './idempotency.ts'
import type { DeliveryRow } from './rows.ts'
import type { Changes, Facts, Key, Step } from './step.ts'
import {
  applyChange,
  changesBetween,
  loadState,
  type SubmissionState,
  stateKeys,
  submissionOf,
} from './submission-state.ts'

/** What a response is applied to: the submission, and the deliveries that the response may claim. */
export type ResponseContext = { state: SubmissionState; deliveries: ReadonlyMap<string, DeliveryRow> }

type AppliedResponse = ResponseContext & { result: ResponseDecision['result']; isChanged: boolean }

type BodyOf = (deliveryId: string) => string | undefined

/**
 * Applies ImageKit's response: its `extensionStatus` and the baseline. If an account event has already reported the end of the
 * upload, applies that event, too. If the request still has its idempotency key, stores the response to the caller under the key.
 */
export function respond({
  submissionId,
  response,
  at,
  key,
}: ResponseInput): Step<{ result: ResponseDecision['result']; submission: Submission }> {
  const applyResponses = (facts: Facts, ids: NewIds, bodyOf: BodyOf) => {
    const before = loadResponseContext(facts, submissionId, [response, ...earlyUploadEvents(facts, response)])
    if (before === undefined) throw new TrackerError('not_found', `There is no submission ${submissionId}.`)
    const responded = applyResponse(before, response, at, ids, bodyOf)
    const after = applyEarlyUploadEvents(facts, responded, at, ids, bodyOf)
    return { before, after, result: responded.result }
  }
  return {
    keys: [
      ...stateKeys(submissionId),
      ...(response.requestId === null ? [] : [['uploadEndsOf', response.requestId] as const]),
      ...(key ? [['claims', key.scope] as const] : []),
    ],
    more(facts) {
      const state = loadState(facts, submissionId)
      if (state === undefined) return []
      const responses = [response, ...earlyUploadEvents(facts, response)]
      const bodies = bodyKeys((ids, bodyOf) => applyResponses(facts, ids, bodyOf))
      return [...unclaimedKeys(state, responses), ...bodies]
    },
    decide(facts, ids) {
      const { before, after, result } = applyResponses(facts, ids, (id) => bodyIn(facts, id))
      const changes = responseChanges(before, after)
      const ownClaim = key && findOwnClaim(facts, key)
      const claims = ownClaim && key ? [{ ...ownClaim, response: key.response }] : []
      return {
        result: { result, submission: submissionOf(after.state) },
        changes: { ...changes, update: { ...changes.update, claims } },
      }
    },
  }
}

type ResponseInput = {
  submissionId: string
  response: UploadResponse
  at: number
  key?: (KeyClaim & { response: StoredResponse }) | undefined
}

/**
 * The end of the upload, if an event reported it before the response. A response without a request id needs no lookup, even if the
 * submission already has one: then such events were claimed earlier, or the submission has its baseline and needs none.
 */
function earlyUploadEvents(facts: Facts, { requestId }: UploadResponse): UploadResponse[] {
  if (requestId === null) return []
  return facts.list('uploadEndsOf', requestId).flatMap(({ uploadEnd }) => uploadEnd ?? [])
}

/** The keys of the deliveries that may be waiting for the extensions that these responses add. */
export function unclaimedKeys({ row, runs }: SubmissionState, responses: readonly UploadResponse[]): Key[] {
  const known = new Set(runs.map(({ name }) => name))
  return namesIn(responses)
    .filter((name) => !known.has(name))
    .map((name) => ['unclaimedOf', row.submissionId, name])
}

function namesIn(responses: readonly UploadResponse[]): string[] {
  const names = responses.flatMap((response) =>
    response.kind === 'accepted' ? Object.keys(response.extensionStatus) : [],
  )
  return [...new Set(names)]
}

/** Loads the submission, and the deliveries that these responses may claim. Undefined if there is no such submission. */
export function loadResponseContext(
  facts: Facts,
  submissionId: string,
  responses: readonly UploadResponse[],
): ResponseContext | undefined {
  const state = loadState(facts, submissionId)
  if (state === undefined) return undefined
  const unclaimed = namesIn(responses)
    .flatMap((name) => facts.list('unclaimedOf', submissionId, name))
    .toSorted((one, other) => numberOf(one.deliveryId) - numberOf(other.deliveryId))
  return { state, deliveries: new Map(unclaimed.map((row) => [row.deliveryId, row])) }
}

/** The keys of the bodies that a decision needs. To find out, decides once without effect. */
export function bodyKeys(decide: (ids: NewIds, bodyOf: BodyOf) => unknown): Key[] {
  const keys: Key[] = []
  let idCount = 0
  const next = () => `new ${idCount++}`
  decide({ submission: next, run: next, delivery: next }, (deliveryId) => {
    keys.push(['bodies', deliveryId])
    return undefined
  })
  return keys
}

/** The body of a delivery; undefined if it was pruned. */
export function bodyIn(facts: Facts, deliveryId: string): string | undefined {
  return facts.find('bodies', deliveryId)?.body.toString()
}

/** The submission and its deliveries after a response, with its result. */
export function applyResponse(
  { state, deliveries }: ResponseContext,
  response: UploadResponse,
  at: number,
  ids: NewIds,
  bodyOf: BodyOf,
): AppliedResponse {
  const submission = submissionOf(state)
  const unclaimed = unclaimedBy(state, deliveries, response)
  const decision = decideResponse(
    submission,
    state.runs,
    response,
    unclaimed,
    () => ids.run(submission.submissionId),
    at,
  )
  const services = new Map(unclaimed.map(({ deliveryId, result }) => [deliveryId, result.service]))
  const isSame = decision.submission === submission
  const { extensions, baseline, ...head } = decision.submission
  const { respondedAt } = state.row
  const change = {
    row: isSame && respondedAt !== null ? state.row : { ...head, respondedAt: respondedAt ?? at },
    details: baseline === state.details.baseline ? state.details : { ...state.details, extensions, baseline },
    runs: decision.runs,
    removedRunId: decision.removedRunId,
  }
  const after = applyChange(state, change, at, ({ name }) => {
    // Of the deliveries claimed for a run, the first settles it.
    const settling = decision.claimed.find(({ deliveryId }) => services.get(deliveryId) === name)
    return settling && { deliveryId: settling.deliveryId, body: () => bodyOf(settling.deliveryId) }
  })
  const claimed = decision.claimed.flatMap(({ deliveryId, outcome }) => {
    const row = deliveries.get(deliveryId)
    const runId = after.runs.find(({ name }) => name === services.get(deliveryId))?.runId ?? null
    return row ? [[deliveryId, { ...row, runId, outcome, cause: null, unclaimedError: null }] as const] : []
  })
  return {
    state: after,
    deliveries: new Map([...deliveries, ...claimed]),
    result: decision.result,
    isChanged: !isSame || decision.runs.length > 0,
  }
}

/** The deliveries that may belong to runs that the response adds. */
function unclaimedBy(
  { runs }: SubmissionState,
  deliveries: ReadonlyMap<string, DeliveryRow>,
  response: UploadResponse,
): UnclaimedDelivery[] {
  if (response.kind !== 'accepted') return []
  const known = new Set(runs.map(({ name }) => name))
  return [...deliveries.values()].flatMap((row) => {
    const { deliveryId, receivedAt, service, finalStatus, fileId, unclaimedError, cause } = row
    const isAdded =
      service !== null && Object.hasOwn(response.extensionStatus, service) && !known.has(service)
    if (cause !== 'not_requested' || !isAdded) return []
    return [
      { deliveryId, receivedAt, result: { service, status: finalStatus, fileId, error: unclaimedError } },
    ]
  })
}

/** Applies the unclaimed events that report the end of this upload, one after another, until the submission has its baseline. */
function applyEarlyUploadEvents(
  facts: Facts,
  responded: ResponseContext,
  at: number,
  ids: NewIds,
  bodyOf: BodyOf,
): ResponseContext {
  const { row, details } = responded.state
  if (row.requestId === null || details.baseline !== null) return responded
  const end = facts
    .list('uploadEndsOf', row.requestId)
    .find(({ deliveryId, unclaimedRequestId, uploadEnd }) => {
      const isUnclaimed = unclaimedRequestId !== null && uploadEnd !== null
      return isUnclaimed && !responded.deliveries.get(deliveryId)?.submissionId
    })
  if (end === undefined || end.uploadEnd === null) return responded
  const ended = applyResponse(responded, end.uploadEnd, at, ids, bodyOf)
  const claimed: DeliveryRow = {
    ...end,
    outcome: ended.isChanged ? 'applied' : 'ignored',
    unclaimedRequestId: null,
    uploadEnd: null,
    submissionId: row.submissionId,
    fileId: end.fileId ?? ended.state.row.fileId,
  }
  const deliveries = new Map([...ended.deliveries, [end.deliveryId, claimed]])
  return applyEarlyUploadEvents(facts, { state: ended.state, deliveries }, at, ids, bodyOf)
}

/** The rows of the submission and its deliveries that differ. */
export function responseChanges(before: ResponseContext, after: ResponseContext): Changes {
  const changes = changesBetween(before.state, after.state)
  const deliveries = [...after.deliveries.values()].filter(
    (row) => before.deliveries.get(row.deliveryId) !== row,
  )
  return { ...changes, update: { ...changes.update, deliveries } }
}
