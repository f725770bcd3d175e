import type { NewDelivery, RecordedDelivery, SignatureCheck } from '../delivery.ts'
import { TrackerError } from '../errors.ts'
import { type DeliveryDecision, decideDelivery, type SubmissionHead } from '../extension-result.ts'
import { type IdCounts, type NewIds, numberOf } from '../ids.ts'
import { isNotificationDue } from '../notification.ts'
import type { DeliveryRow, RunRow, SubmissionRow } from './rows.ts'
import type { Changes, Decision, Facts, Key, Step } from './step.ts'
import {
  applyChange,
  changesBetween,
  isSettledByDelivery,
  loadState,
  notificationOf,
  type SubmissionState,
  stateKeys,
  withRowFields,
} from './submission-state.ts'

/**
 * Records an extension webhook, its effect, and the notification to the caller if one is due. If its submission is neither in the
 * database nor forgotten, the outcome is `rejected` and nothing is written.
 */
export function recordDelivery(delivery: NewDelivery): Step<RecordedDelivery> {
  const { submissionId, result, body } = delivery
  const { service } = result
  const own: Key = service === null ? ['submissions', submissionId] : ['runNamed', submissionId, service]
  return {
    keys: [own, ...replayKeys(delivery)],
    idsNeeded: idCountsOf(delivery),
    bytes: body.length,
    more(facts) {
      const run = findOwnRun(facts, delivery)
      if (run !== undefined) return run.notifiesCaller ? [['submissions', submissionId]] : []
      if (facts.find('submissions', submissionId) === undefined)
        return [
          ['submissions', submissionId],
          ['forgotten', submissionId],
        ]
      return service === null ? [] : stateKeys(submissionId)
    },
    decide: (facts, ids) => replaying(facts, delivery, () => decideRecording(facts, delivery, ids)),
  }
}

function decideRecording(facts: Facts, delivery: NewDelivery, ids: NewIds): Decision<RecordedDelivery> {
  const own = findOwnRun(facts, delivery)
  if (own !== undefined) return decideBound(facts, own, delivery, ids)
  const { submissionId, result, receivedAt } = delivery
  const row = facts.find('submissions', submissionId)
  if (row === undefined) {
    if (facts.isForgotten(submissionId)) return recordForgotten(idOf(delivery, ids), delivery)
    const cause = 'unknown_submission'
    return {
      result: { deliveryId: null, outcome: 'rejected', cause, fileId: null, runId: null },
      changes: {},
    }
  }
  const state = loadState(facts, submissionId)
  const known = { runs: state?.runs ?? [], extensions: state?.details.extensions ?? [] }
  const decision = decideDelivery(row, known, result, () => ids.run(submissionId), receivedAt)
  const deliveryId = idOf(delivery, ids)
  const changes = state === undefined ? {} : submissionChanges(state, decision, delivery, deliveryId)
  return recorded(delivery, deliveryId, decision, changes)
}

/**
 * The run that the webhook reports on, if its submission is accepted and bound to a file. Then the decision needs no other rows,
 * except the submission's for a notification: no other run is added, removed or changed, and the submission does not change.
 */
function findOwnRun(facts: Facts, { submissionId, result: { service } }: NewDelivery): RunRow | undefined {
  const [run] = service === null ? [] : facts.list('runNamed', submissionId, service)
  return run === undefined || run.boundTo === null ? undefined : run
}

function decideBound(
  facts: Facts,
  known: RunRow,
  delivery: NewDelivery,
  ids: NewIds,
): Decision<RecordedDelivery> {
  const { submissionId, requestedAt, updatedAt, boundTo: fileId } = known
  // The decision about a known run of a bound submission doesn't depend on the submission's times and error.
  const submission = {
    submissionId,
    state: 'accepted',
    fileId,
    error: null,
    createdAt: requestedAt,
    updatedAt,
  } as const
  const { result, receivedAt, body } = delivery
  const decision = decideDelivery<SubmissionHead>(
    submission,
    { runs: [known], extensions: [] },
    result,
    () => ids.run(submissionId),
    receivedAt,
  )
  const deliveryId = idOf(delivery, ids)
  const [run] = decision.runs
  if (run === undefined) return recorded(delivery, deliveryId, decision, {})
  const settledBy = isSettledByDelivery(known, run) ? numberOf(deliveryId) : known.settledBy
  const changes: Changes = { update: { runs: [withRowFields(run, { ...known, settledBy })] } }
  const row = known.notifiesCaller ? facts.find('submissions', submissionId) : undefined
  if (row === undefined || !isNotificationDue(row, known, run))
    return recorded(delivery, deliveryId, decision, changes)
  const notification = notificationOf(row.callerWebhookUrl, run, body.toString(), receivedAt)
  const notifications = notification ? [notification] : []
  return recorded(delivery, deliveryId, decision, { ...changes, insert: { notifications } })
}

/** Adds the row of the delivery itself. */
function recorded(
  { route, receivedAt, signature, submissionId, result, headers, body }: NewDelivery,
  deliveryId: string,
  { submission, outcome, cause, runId }: DeliveryDecision<SubmissionHead>,
  changes: Changes,
): Decision<RecordedDelivery> {
  const { fileId } = submission
  const row: DeliveryRow = {
    deliveryId,
    route,
    receivedAt,
    outcome,
    cause,
    signature,
    submissionId,
    runId,
    fileId: result.fileId ?? fileId,
    service: result.service,
    finalStatus: result.status,
    unclaimedError: cause === 'not_requested' ? result.error : null,
    eventId: null,
    unclaimedRequestId: null,
    uploadEnd: null,
    sent: { headers, body },
  }
  const insert = { ...changes.insert, deliveries: [row] }
  return { result: { deliveryId, outcome, cause, fileId, runId }, changes: { ...changes, insert } }
}

/** A replayed delivery keeps its id. */
export function idOf({ replayOf }: Replayable, ids: NewIds): string {
  return replayOf ?? ids.delivery()
}

/** How many new ids the delivery itself needs. A run that it adds needs one more, which is rare. */
export function idCountsOf({ replayOf }: Replayable): IdCounts {
  return { dlv: replayOf === undefined ? 1 : 0 }
}

/** The changed rows of the submission and its runs, with new notifications. */
function submissionChanges(
  before: SubmissionState,
  decision: DeliveryDecision<SubmissionRow>,
  { receivedAt, body }: NewDelivery,
  deliveryId: string,
): Changes {
  const { submission: row, runs, removedRunId } = decision
  const change = { row, details: before.details, runs, removedRunId }
  return changesBetween(
    before,
    applyChange(before, change, receivedAt, () => ({ deliveryId, body: () => body.toString() })),
  )
}

type Received = Pick<NewDelivery, 'receivedAt' | 'headers' | 'body'> & {
  route?: NewDelivery['route']
  signature?: SignatureCheck
}

/** The row of a delivery before its outcome is decided. */
export function receivedOf(
  deliveryId: string,
  { receivedAt, headers, body, route = 'account', signature = 'valid' }: Received,
): Omit<DeliveryRow, 'outcome'> {
  return {
    deliveryId,
    route,
    receivedAt,
    cause: null,
    signature,
    submissionId: null,
    runId: null,
    fileId: null,
    service: null,
    finalStatus: null,
    unclaimedError: null,
    eventId: null,
    unclaimedRequestId: null,
    uploadEnd: null,
    sent: { headers, body },
  }
}

/** For a forgotten submission or asset, records only that something was received. */
export function recordForgotten(deliveryId: string, received: Received): Decision<RecordedDelivery> {
  const cause = 'forgotten'
  const outcome = 'ignored'
  const sent = { headers: {}, body: Buffer.alloc(0) }
  const row = { ...receivedOf(deliveryId, received), outcome, cause, sent } as const
  return {
    result: { deliveryId, outcome, cause, fileId: null, runId: null },
    changes: { insert: { deliveries: [row] } },
  }
}

type Replayable = Pick<NewDelivery, 'replayOf'>

/** The key of the rejected delivery that this one replays, if any. */
export function replayKeys({ replayOf }: Replayable): Key[] {
  return replayOf === undefined ? [] : [['rejected', replayOf]]
}

/** Removes a replayed delivery from the rejected ones, unless it is rejected again. Throws `unprocessable` if it is no longer there. */
export function replaying(
  facts: Facts,
  { replayOf }: Replayable,
  decide: () => Decision<RecordedDelivery>,
): Decision<RecordedDelivery> {
  if (replayOf === undefined) return decide()
  if (facts.find('rejected', replayOf) === undefined)
    throw new TrackerError(
      'unprocessable',
      'This delivery is no longer stored as rejected: it was replayed or deleted.',
    )
  const { result, changes } = decide()
  if (result.outcome === 'rejected') return { result, changes }
  const remove: Changes['remove'] = { ...changes.remove, rejected: [replayOf] }
  return { result, changes: { ...changes, remove } }
}
