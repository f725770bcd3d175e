import type { RecordedDelivery, RejectedDelivery } from '../../domain/delivery.ts'
import { TrackerError } from '../../domain/errors.ts'
import { DeliveryRejected } from './delivery-rejected.ts'
import {
  type ReceiveDeliveryDeps,
  receiveAccountDelivery,
  receiveExtensionDelivery,
} from './receive-delivery.ts'

export type ReplayRejectedDeps = ReceiveDeliveryDeps & {
  /** Returns the id of the submission that a webhook token authenticates; undefined for a forged token. */
  readToken: (token: string) => string | undefined
}

/**
 * Verifies a rejected delivery again, with its original arrival time, and records it if it passes, for example because a wrong
 * secret has been corrected. Throws `unprocessable` if it is still rejected, or if its body was not stored completely.
 */
export async function replayRejected(
  deps: ReplayRejectedDeps,
  rejected: RejectedDelivery,
): Promise<RecordedDelivery> {
  if (rejected.bytes > rejected.body.length)
    throw new TrackerError(
      'unprocessable',
      'The body of this delivery was not stored completely, so it cannot be applied.',
    )
  const { deliveryId, receivedAt, headers, body, token } = rejected
  const received = { receivedAt, headers, body, replayOf: deliveryId }
  try {
    return token === null
      ? await receiveAccountDelivery(deps, received)
      : await receiveExtensionDelivery(deps, deps.readToken(token), received)
  } catch (error) {
    if (!(error instanceof DeliveryRejected)) throw error
    throw new TrackerError('unprocessable', `The delivery is still rejected: ${error.message}`)
  }
}
