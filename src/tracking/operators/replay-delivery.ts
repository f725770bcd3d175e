import type { RecordedDelivery, RejectedDelivery } from '../../domain/delivery.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { DeliveryDetail } from '../../domain/listed-delivery.ts'
import type { Store } from '../../store/store.ts'
import { DeliveryRejected } from '../webhooks/delivery-rejected.ts'
import { receiveAccountDelivery, receiveExtensionDelivery } from '../webhooks/receive-delivery.ts'
import { type ReplayRejectedDeps, replayRejected } from '../webhooks/replay-rejected.ts'
import type { CheckSignature } from '../webhooks/signature-check.ts'

export type ReplayDeliveryDeps = ReplayRejectedDeps & {
  store: Pick<Store, 'findDelivery' | 'findRejected' | 'recordAuditEntry'>
  clock: () => number
}

/**
 * Applies a delivery again, with its original arrival time: a rejected one under its own id, a recorded one as a new delivery
 * that repeats it. Throws `not_found`, and `unprocessable` if it can't be applied.
 */
export async function replayDelivery(
  deps: ReplayDeliveryDeps,
  { deliveryId, actor, reason }: { deliveryId: string; actor: string; reason: string | null },
): Promise<RecordedDelivery> {
  const delivery = await deps.store.findDelivery(deliveryId)
  if (delivery === undefined) throw new TrackerError('not_found', 'No delivery is stored with this id.')
  const recorded =
    delivery.outcome === 'rejected'
      ? await replayRejected(deps, await getRejected(deps, deliveryId))
      : await repeatRecorded(deps, delivery)
  const details = { outcome: recorded.outcome }
  await deps.store.recordAuditEntry({
    at: deps.clock(),
    actor,
    kind: 'replay',
    subject: deliveryId,
    reason,
    details,
  })
  return recorded
}

async function getRejected({ store }: ReplayDeliveryDeps, deliveryId: string): Promise<RejectedDelivery> {
  const rejected = await store.findRejected(deliveryId)
  if (rejected === undefined)
    throw new TrackerError('not_found', 'No rejected delivery is stored with this id.')
  return rejected
}

async function repeatRecorded(deps: ReplayDeliveryDeps, delivery: DeliveryDetail): Promise<RecordedDelivery> {
  const { route, receivedAt, headers, body, submissionId } = delivery
  if (headers === null || body === null)
    throw new TrackerError('unprocessable', 'The body of this delivery has been pruned.')
  const received = { receivedAt, headers, body }
  // A valid signature was verified when the delivery was recorded. It can't be verified again, because it is not stored.
  const checkSignature: CheckSignature = (signed) =>
    delivery.signature === 'valid'
      ? { check: 'valid', eventId: headers['webhook-id'] ?? null, cause: null }
      : deps.checkSignature(signed)
  const repeatDeps = { ...deps, checkSignature }
  try {
    if (route === 'account') return await receiveAccountDelivery(repeatDeps, received)
    return await receiveExtensionDelivery(repeatDeps, submissionId ?? undefined, received)
  } catch (error) {
    if (!(error instanceof DeliveryRejected)) throw error
    throw new TrackerError('unprocessable', `The delivery would be rejected now: ${error.message}`)
  }
}
