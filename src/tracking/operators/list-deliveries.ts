import { TrackerError } from '../../domain/errors.ts'
import type { DeliveryDetail, DeliveryFilter, ListedDelivery } from '../../domain/listed-delivery.ts'
import type { Store } from '../../store/store.ts'
import { withoutSignatures } from '../webhooks/receive-delivery.ts'

export type ListDeliveriesDeps = {
  store: Pick<Store, 'listDeliveries' | 'findDelivery'>
}

/** A page of deliveries, including rejected ones, the newest first. */
export async function listDeliveries(
  { store }: ListDeliveriesDeps,
  filter: DeliveryFilter,
  page: { limit: number; before: number | null },
): Promise<{ deliveries: DeliveryView[]; next: number | null }> {
  const { deliveries, next } = await store.listDeliveries(filter, page)
  return { deliveries: deliveries.map(deliveryView), next }
}

/** One delivery, with what is stored of its request. Throws `not_found`. */
export async function showDelivery(
  { store }: ListDeliveriesDeps,
  deliveryId: string,
): Promise<DeliveryDetailView> {
  const delivery = await store.findDelivery(deliveryId)
  if (delivery === undefined) throw new TrackerError('not_found', 'No delivery is stored with this id.')
  return deliveryDetailView(delivery)
}

/** A delivery as the operators' routes return it. */
export type DeliveryView = Omit<ListedDelivery, 'receivedAt'> & { receivedAt: string }

export type DeliveryDetailView = DeliveryView & {
  /** Without signatures, which are secret. Null once pruned. */
  headers: { [name: string]: string } | null
  /** As text; null once pruned. */
  body: string | null
  /** The size of the body as it was received. */
  bytes: number
}

export function deliveryView(delivery: ListedDelivery): DeliveryView {
  const { deliveryId, route, outcome, cause, signature, submissionId, runId, fileId, service } = delivery
  const receivedAt = new Date(delivery.receivedAt).toISOString()
  return { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service }
}

function deliveryDetailView(delivery: DeliveryDetail): DeliveryDetailView {
  const { headers, body, bytes } = delivery
  return {
    ...deliveryView(delivery),
    headers: headers && withoutSignatures(headers),
    body: body && body.toString('utf8'),
    bytes,
  }
}
