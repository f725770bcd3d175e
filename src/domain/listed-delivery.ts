import type {
  DeliveryOutcome,
  DeliveryRoute,
  RejectedDelivery,
  RejectionCause,
  SignatureCheck,
} from './delivery.ts'
import type { DeliveryCause } from './extension-result.ts'

/** Selects deliveries; null means any. Times are milliseconds since the epoch. */
export type DeliveryFilter = {
  outcome: DeliveryOutcome | null
  cause: string | null
  /** The extension that the delivery reports on, as ImageKit names it. */
  service: string | null
  /** The file that the delivery names, or to which its submission is bound. */
  fileId: string | null
  /** Received at this time or later. */
  since: number | null
  /** Received before this time. */
  until: number | null
}

export const EVERY_DELIVERY: DeliveryFilter = {
  outcome: null,
  cause: null,
  service: null,
  fileId: null,
  since: null,
  until: null,
}

/** A delivery in a list. */
export type ListedDelivery = {
  deliveryId: string
  route: DeliveryRoute
  receivedAt: number
  outcome: DeliveryOutcome
  cause: DeliveryCause | RejectionCause | null
  /** Null for a rejected delivery: if it was rejected because of its signature, `cause` says so. */
  signature: SignatureCheck | null
  submissionId: string | null
  runId: string | null
  fileId: string | null
  service: string | null
}

/** A rejected delivery as it is listed. Nothing proves what its body says, so it names only the submission in its token. */
export function listedRejection(
  rejected: Pick<RejectedDelivery, 'deliveryId' | 'route' | 'receivedAt' | 'cause' | 'submissionId'>,
): ListedDelivery {
  const { deliveryId, route, receivedAt, cause, submissionId } = rejected
  const unknown = { signature: null, runId: null, fileId: null, service: null }
  return { deliveryId, route, receivedAt, outcome: 'rejected', cause, submissionId, ...unknown }
}

/** One delivery with everything stored about it; headers and body are null once they are pruned. */
export type DeliveryDetail = ListedDelivery & {
  headers: { [name: string]: string } | null
  body: Buffer | null
  /** The size of the body, as far as it is known. Larger than `body` if only a part was stored; 0 once it is pruned. */
  bytes: number
}
