import type { NewDelivery, RecordedDelivery, SignatureCheck } from '../delivery.ts'
import { TrackerError } from '../errors.ts'
import { judgeDelivery } from '../judge-delivery.ts'
import type { Changes, Decision, Facts, Key, Step } from './step.ts'
import { applyChange, changesBetween } from './submission-state.ts'
import type { DeliveryRow } from './tables.ts'

/**
 * Records an extension webhook, raw, with its effect and the notification that its caller is due. A delivery for a submission
 * that is not in the database, and was not forgotten, is `rejected`: then nothing is written.
 */
export function recordDelivery(delivery: NewDelivery, newId: () => string): Step<RecordedDelivery> {
  const { submissionId, word, body } = delivery
  const { service } = word
  const keys: Key[] = [['submissions', submissionId]]
  if (service !== null) keys.push(['runNamed', submissionId, service])
  return {
    keys: [...keys, ...replayKeys(delivery)],
    bytes: body.length,
    more(facts) {
      const submission = facts.find('submissions', submissionId)
      if (submission === undefined) return [['forgotten', submissionId]]
      if (service === null) return []
      // All of its runs decide what an unknown name stands for, and all of them count again when it turns out to be accepted.
      const needsAll = submission.state === 'rejected' || facts.list('runNamed', submissionId, service).length === 0
      return needsAll
        ? [
            ['details', submissionId],
            ['runsOf', submissionId],
          ]
        : []
    },
    decide: (facts) => replaying(facts, delivery, () => decideDelivery(facts, delivery, newId)),
  }
}

function decideDelivery(
  facts: Facts,
  delivery: NewDelivery,
  newId: () => string,
): Decision<RecordedDelivery> {
  const { submissionId, word, receivedAt, body } = delivery
  const { service } = word
  const row = facts.find('submissions', submissionId)
  if (row === undefined) {
    if (facts.isForgotten(submissionId)) return recordNothing(delivery)
    return {
      result: { outcome: 'rejected', cause: 'unknown_submission', fileId: null, runId: null },
      changes: {},
    }
  }
  const details = facts.find('details', submissionId) ?? { submissionId, extensions: [], baseline: null }
  const all = facts.list('runsOf', submissionId)
  const runs = all.length > 0 || service === null ? all : facts.list('runNamed', submissionId, service)
  const before = { row, details, runs, notifications: [] }
  const judged = { ...row, extensions: details.extensions }
  const judgement = judgeDelivery(judged, runs, word, newId, receivedAt)
  const { outcome, cause, runId } = judgement
  const after = applyChange(before, judgement, receivedAt, () => body.toString())
  const { fileId } = after.row
  const changes = changesBetween(before, after)
  const stored: DeliveryRow = {
    ...receivedOf(delivery),
    outcome,
    cause,
    submissionId,
    fileId: word.fileId ?? fileId,
    service,
    finalStatus: word.status,
    unclaimedError: cause === 'not_requested' ? word.error : null,
  }
  return {
    result: { outcome, cause, fileId, runId },
    changes: { ...changes, insert: { ...changes.insert, deliveries: [stored] } },
  }
}

type Received = Pick<NewDelivery, 'deliveryId' | 'receivedAt' | 'headers' | 'body'> & {
  route?: NewDelivery['route']
  signature?: SignatureCheck
}

/** A delivery of which nothing is known but what was received. */
export function receivedOf({ deliveryId, receivedAt, headers, body, ...known }: Received): Omit<
  DeliveryRow,
  'outcome'
> {
  const { route = 'account', signature = 'valid' } = known
  return {
    deliveryId,
    place: null,
    route,
    receivedAt,
    cause: null,
    signature,
    submissionId: null,
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
export function recordNothing(received: Received): Decision<RecordedDelivery> {
  const cause = 'forgotten'
  const outcome = 'ignored'
  const sent = { headers: {}, body: Buffer.alloc(0) }
  const row = { ...receivedOf(received), outcome, cause, sent } as const
  return { result: { outcome, cause, fileId: null, runId: null }, changes: { insert: { deliveries: [row] } } }
}

type Replayable = Pick<NewDelivery, 'deliveryId' | 'isReplay'>

export function replayKeys({ deliveryId, isReplay }: Replayable): Key[] {
  return isReplay ? [['rejected', deliveryId]] : []
}

/** A replayed delivery that is recorded is no longer rejected. Throws `unprocessable` if it was replayed before. */
export function replaying(
  facts: Facts,
  { deliveryId, isReplay }: Replayable,
  decide: () => Decision<RecordedDelivery>,
): Decision<RecordedDelivery> {
  if (!isReplay) return decide()
  if (facts.find('rejected', deliveryId) === undefined)
    throw new TrackerError('unprocessable', 'This delivery has been replayed already.')
  const { result, changes } = decide()
  if (result.outcome === 'rejected') return { result, changes }
  const remove: Changes['remove'] = { ...changes.remove, rejected: [deliveryId] }
  return { result, changes: { ...changes, remove } }
}
