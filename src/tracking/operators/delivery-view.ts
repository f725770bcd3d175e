import type { KeptDelivery, ListedDelivery } from '../../domain/listed-delivery.ts'

/** A delivery as operators read it. */
export type DeliveryView = Omit<ListedDelivery, 'receivedAt'> & { receivedAt: string }

export type KeptDeliveryView = DeliveryView & {
  /** Null once they are pruned. */
  headers: { [name: string]: string } | null
  /** As text; null once it is pruned. */
  body: string | null
  bytes: number
}

export function deliveryView(delivery: ListedDelivery): DeliveryView {
  const { deliveryId, route, outcome, cause, signature, submissionId, runId, fileId, service } = delivery
  const receivedAt = new Date(delivery.receivedAt).toISOString()
  return { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service }
}

export function keptDeliveryView(delivery: KeptDelivery): KeptDeliveryView {
  const { headers, body, bytes } = delivery
  return {
    ...deliveryView(delivery),
    headers: headers && withoutSignatures(headers),
    body: body && body.toString('utf8'),
    bytes,
  }
}

/** Kept for the replay, and good for sending the same delivery again: never shown. */
const SIGNATURES = ['x-ik-signature', 'webhook-signature']

function withoutSignatures(headers: { [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !SIGNATURES.includes(name)))
}
