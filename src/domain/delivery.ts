import type { AccountEvent } from './account-event.ts'
import type { DeliveryCause, ExtensionResult } from './extension-result.ts'

export type DeliveryRoute = 'extension' | 'account'

/** How the signature headers of a delivery fared; on the extension route this is recorded and never decides. */
export type SignatureCheck = 'valid' | 'invalid' | 'absent' | 'unchecked'

export type DeliveryOutcome = 'applied' | 'duplicate' | 'contradicted' | 'ignored' | 'rejected'

/** An HTTP POST received on a webhook route, as it came. */
export type NewDelivery = {
  route: DeliveryRoute
  receivedAt: number
  submissionId: string
  signature: SignatureCheck
  /** Names in lower case; nothing secret among them. */
  headers: { [name: string]: string }
  body: Buffer
  result: ExtensionResult
  /** The rejected delivery that is applied after all: it keeps its id, and is no longer among the rejected ones. */
  replayOf?: string | undefined
}

/** A signed delivery on the account route. */
export type NewAccountDelivery = Pick<NewDelivery, 'receivedAt' | 'headers' | 'body' | 'replayOf'> & {
  event: AccountEvent
}

/** Why a delivery was refused. */
export type RejectionCause =
  | 'forged_token'
  | 'no_secret'
  | 'absent_signature'
  | 'malformed_signature'
  | 'bad_signature'
  | 'stale_signature'
  | 'not_json'
  | 'too_large'
  | 'broken_off'
  | 'too_slow'
  | 'unknown_submission'

/** A delivery that was refused, kept so that it can be judged again once the cause is mended. */
export type RejectedDelivery = {
  deliveryId: string
  route: DeliveryRoute
  receivedAt: number
  cause: RejectionCause
  /** The token of its address, on the extension route. Never shown. */
  token: string | null
  /** Null unless the token proves it. */
  submissionId: string | null
  /** The file that its body names, proven or not: it goes when that file is forgotten. */
  fileId: string | null
  /** Signature headers among them, for the replay; they are never shown. */
  headers: { [name: string]: string }
  body: Buffer
  /** How large the body was; more than `body` holds where it was cut, and then it can't be replayed. */
  bytes: number
}

export type NewRejectedDelivery = Omit<RejectedDelivery, 'deliveryId'>

/** What became of a delivery, known once it and its effect are committed. Nothing is written for a `rejected` one. */
export type RecordedDelivery = {
  /** Null for a `rejected` one. */
  deliveryId: string | null
  outcome: DeliveryOutcome
  cause: DeliveryCause | 'unknown_submission' | null
  /** The asset whose status may have changed. */
  fileId: string | null
  /** The submission that an account delivery has changed. */
  submissionId?: string
  runId: string | null
}
