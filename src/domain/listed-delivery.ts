import type { DeliveryOutcome, DeliveryRoute, RefusalCause, SignatureCheck } from './delivery.ts'
import type { DeliveryCause } from './judge-delivery.ts'

export type DeliveryFilter = { outcome: DeliveryOutcome | null; fileId: string | null }

/** A delivery as it stands in a list. A rejected one names nothing but the submission that its token proves. */
export type ListedDelivery = {
  deliveryId: string
  route: DeliveryRoute
  receivedAt: number
  outcome: DeliveryOutcome
  cause: DeliveryCause | RefusalCause | null
  /** Null for a refused delivery, whose cause tells it. */
  signature: SignatureCheck | null
  submissionId: string | null
  runId: string | null
  fileId: string | null
  service: string | null
}

/** One delivery with all that is kept of it; headers and body are null once they are pruned. */
export type KeptDelivery = ListedDelivery & {
  headers: { [name: string]: string } | null
  body: Buffer | null
  /** How large the body was; more than is kept where it was cut. */
  bytes: number
}
