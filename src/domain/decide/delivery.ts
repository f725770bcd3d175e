import type { NewDelivery, RecordedDelivery, SignatureCheck } from '../delivery.ts'
import { TrackerError } from '../errors.ts'
import { type DeliveryDecision, decideDelivery } from '../extension-result.ts'
import { type NewIds, numberOf } from '../ids.ts'
import { owesNotification } from '../notification.ts'
import type { Changes, Decision, Facts, Key, Step } from './step.ts'
import {
  applyChange,
  changesBetween,
  isSettledByDelivery,
  notificationOf,
  type SubmissionState,
  withPlace,
} from './submission-state.ts'
import type { DeliveryRow, RunRow, SubmissionRow } from './tables.ts'

/**
 * Records an extension webhook, raw, with its effect and the notification that its caller is due. A delivery for a submission
 * that is not in the database, and was not forgotten, is `rejected`: then nothing is written.
 */
export function recordDelivery(delivery: NewDelivery): Step<RecordedDelivery> {
  const { submissionId, result, body } = delivery
  const { service } = result
  const own: Key[] = service === null ? [] : [['runNamed', submissionId, service]]
  return {
    keys: [...own, ['submissions', submissionId], ...replayKeys(delivery)],
    bytes: body.length,
    more(facts) {
      const submission = facts.find('submissions', submissionId)
      if (submission === undefined) return [['forgotten', submissionId]]
      const own = service === null ? [] : facts.list('runNamed', submissionId, service)
      if (!needsAllRuns(submission, own, service)) return []
      return [
        ['details', submissionId],
        ['runsOf', submissionId],
      ]
    },
    decide: (facts, ids) => replaying(facts, delivery, () => decideRecording(facts, delivery, ids)),
  }
}

function decideRecording(facts: Facts, delivery: NewDelivery, ids: NewIds): Decision<RecordedDelivery> {
  const { submissionId, result, receivedAt, body } = delivery
  const { service } = result
  const row = facts.find('submissions', submissionId)
  if (row === undefined) {
    if (facts.isForgotten(submissionId)) return recordNothing(idOf(delivery, ids), delivery)
    const cause = 'unknown_submission'
    return {
      result: { deliveryId: null, outcome: 'rejected', cause, fileId: null, runId: null },
      changes: {},
    }
  }
  const own = service === null ? [] : facts.list('runNamed', submissionId, service)
  const details = needsAllRuns(row, own, service) ? facts.find('details', submissionId) : undefined
  const runs = details === undefined ? own : facts.list('runsOf', submissionId)
  const extensions = details?.extensions ?? []
  const decision = decideDelivery(row, { runs, extensions }, result, ids.run, receivedAt)
  const { outcome, cause, runId } = decision
  const { fileId } = decision.submission
  const deliveryId = idOf(delivery, ids)
  const changes =
    details === undefined
      ? ownChanges(row, own, decision, delivery, deliveryId)
      : allChanges({ row, details, runs, notifications: [] }, decision, delivery, deliveryId)
  const stored: DeliveryRow = {
    deliveryId,
    route: delivery.route,
    receivedAt,
    outcome,
    cause,
    signature: delivery.signature,
    submissionId,
    runId,
    fileId: result.fileId ?? fileId,
    service,
    finalStatus: result.status,
    unclaimedError: cause === 'not_requested' ? result.error : null,
    eventId: null,
    unclaimedRequestId: null,
    uploadEnd: null,
    sent: { headers: delivery.headers, body },
  }
  const insert = { ...changes.insert, deliveries: [stored] }
  return { result: { deliveryId, outcome, cause, fileId, runId }, changes: { ...changes, insert } }
}

export function idOf({ replayOf }: Replayable, ids: NewIds): string {
  return replayOf ?? ids.delivery()
}

/** All of them decide what an unknown name stands for, and all count again when a rejected submission turns out to be accepted. */
function needsAllRuns({ state }: SubmissionRow, own: readonly RunRow[], service: string | null): boolean {
  return service !== null && (state === 'rejected' || own.length === 0)
}

type DeliveryEffect = DeliveryDecision<SubmissionRow>

/** Most deliveries need nothing but their own run: then no other run appears, disappears or counts again. */
function ownChanges(
  row: SubmissionRow,
  own: readonly RunRow[],
  { submission, runs }: DeliveryEffect,
  { receivedAt, body }: NewDelivery,
  deliveryId: string,
): Changes {
  const [run] = runs
  const [known] = own
  const submissions = submission === row ? [] : [submission]
  if (run === undefined || known === undefined) return { update: { submissions } }
  const settledBy = isSettledByDelivery(known, run) ? numberOf(deliveryId) : known.settledBy
  const update = { submissions, runs: [withPlace(run, { ...known, settledBy })] }
  if (!owesNotification(row, known, run)) return { update }
  const notification = notificationOf(row.callerWebhookUrl, run, body.toString(), receivedAt)
  return { update, insert: { notifications: notification ? [notification] : [] } }
}

function allChanges(
  before: SubmissionState,
  decision: DeliveryEffect,
  { receivedAt, body }: NewDelivery,
  deliveryId: string,
): Changes {
  const { submission: row, runs, goneRunId } = decision
  const change = { row, details: before.details, runs, goneRunId }
  return changesBetween(
    before,
    applyChange(before, change, receivedAt, () => ({ deliveryId, body: () => body.toString() })),
  )
}

type Received = Pick<NewDelivery, 'receivedAt' | 'headers' | 'body'> & {
  route?: NewDelivery['route']
  signature?: SignatureCheck
}

/** The row of a delivery before anything is decided about it. */
export function receivedOf(
  deliveryId: string,
  { receivedAt, headers, body, ...known }: Received,
): Omit<DeliveryRow, 'outcome'> {
  const { route = 'account', signature = 'valid' } = known
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

/** For what was forgotten, only the fact that something was received. */
export function recordNothing(deliveryId: string, received: Received): Decision<RecordedDelivery> {
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

export function replayKeys({ replayOf }: Replayable): Key[] {
  return replayOf === undefined ? [] : [['rejected', replayOf]]
}

/** A replayed delivery that is recorded is no longer rejected. Throws `unprocessable` if it was replayed before. */
export function replaying(
  facts: Facts,
  { replayOf }: Replayable,
  decide: () => Decision<RecordedDelivery>,
): Decision<RecordedDelivery> {
  if (replayOf === undefined) return decide()
  if (facts.find('rejected', replayOf) === undefined)
    throw new TrackerError('unprocessable', 'This delivery has been replayed already.')
  const { result, changes } = decide()
  if (result.outcome === 'rejected') return { result, changes }
  const remove: Changes['remove'] = { ...changes.remove, rejected: [replayOf] }
  return { result, changes: { ...changes, remove } }
}
