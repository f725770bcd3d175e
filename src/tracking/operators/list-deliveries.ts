import { TrackerError } from '../../domain/errors.ts'
import type { DeliveryFilter } from '../../domain/listed-delivery.ts'
import type { Store } from '../../store/store.ts'
import {
  type DeliveryDetailView,
  type DeliveryView,
  deliveryDetailView,
  deliveryView,
} from './delivery-view.ts'

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

/** One delivery as it was received. Throws `not_found`. */
export async function showDelivery(
  { store }: ListDeliveriesDeps,
  deliveryId: string,
): Promise<DeliveryDetailView> {
  const delivery = await store.findDelivery(deliveryId)
  if (delivery === undefined) throw new TrackerError('not_found', 'No delivery is stored with this id.')
  return deliveryDetailView(delivery)
}
