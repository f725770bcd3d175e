import type { RecordedDelivery } from '../domain/delivery.ts'
import { TrackerError } from '../domain/errors.ts'
import type { Store } from '../store/store.ts'
import { DeliveryRejected } from './delivery-rejected.ts'
import {
  type ReceiveDeliveryDeps,
  receiveAccountDelivery,
  receiveExtensionDelivery,
} from './receive-delivery.ts'

export type ReplayRejectedDeps = ReceiveDeliveryDeps & {
  store: Pick<Store, 'findRejected'>
  /** The submission that a webhook token names and proves; undefined for a forged one. */
  readToken: (token: string) => string | undefined
}

/**
 * Judges a refused delivery again, as of the time at which it came: after a secret was mended it is applied like any other.
 * Throws `unprocessable` while it is still refused.
 */
export async function replayRejected(
  deps: ReplayRejectedDeps,
  deliveryId: string,
): Promise<RecordedDelivery> {
  const refused = await deps.store.findRejected(deliveryId)
  if (refused === undefined) throw new TrackerError('not_found', 'No refused delivery is kept under this id.')
  if (refused.bytes > refused.body.length)
    throw new TrackerError(
      'unprocessable',
      'The body of this delivery was not kept whole, so it cannot be applied.',
    )
  const { receivedAt, headers, body, token } = refused
  const received = { receivedAt, headers, body, replayOf: deliveryId }
  try {
    return token === null
      ? await receiveAccountDelivery(deps, received)
      : await receiveExtensionDelivery(deps, deps.readToken(token), received)
  } catch (error) {
    if (!(error instanceof DeliveryRejected)) throw error
    throw new TrackerError('unprocessable', `The delivery is still refused: ${error.message}`)
  }
}
