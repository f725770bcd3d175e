import type { DeliveryCause, ExtensionWord } from './judge-delivery.ts'

export type DeliveryRoute = 'extension' | 'account'

/** How the signature headers of a delivery fared; on the extension route this is recorded and never decides. */
export type SignatureCheck = 'valid' | 'invalid' | 'absent' | 'unchecked'

export type DeliveryOutcome = 'applied' | 'duplicate' | 'contradicted' | 'ignored' | 'rejected'

/** An HTTP POST received on a webhook route, as it came. */
export type NewDelivery = {
  deliveryId: string
  route: DeliveryRoute
  receivedAt: number
  submissionId: string
  signature: SignatureCheck
  /** Names in lower case; nothing secret among them. */
  headers: { [name: string]: string }
  body: Buffer
  word: ExtensionWord
}

/** What became of a delivery, known once it and its effect are committed. */
export type RecordedDelivery = {
  outcome: DeliveryOutcome
  cause: DeliveryCause | null
  /** The asset whose status may have changed. */
  fileId: string | null
  runId: string | null
}
