import type { DeliveryDetail, ListedDelivery } from '../../domain/listed-delivery.ts'
import { withoutSignatures } from '../webhooks/without-signatures.ts'

/** A delivery as the operators' routes return it. */
export type DeliveryView = Omit<ListedDelivery, 'receivedAt'> & { receivedAt: string }

export type DeliveryDetailView = DeliveryView & {
  /** Null once pruned. */
  headers: { [name: string]: string } | null
  /** As text; null once pruned. */
  body: string | null
  bytes: number
}

export function deliveryView(delivery: ListedDelivery): DeliveryView {
  const { deliveryId, route, outcome, cause, signature, submissionId, runId, fileId, service } = delivery
  const receivedAt = new Date(delivery.receivedAt).toISOString()
  return { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service }
}

export function deliveryDetailView(delivery: DeliveryDetail): DeliveryDetailView {
  const { headers, body, bytes } = delivery
  return {
    ...deliveryView(delivery),
    headers: headers && withoutSignatures(headers),
    body: body && body.toString('utf8'),
    bytes,
  }
}
