import type { AccountEvent } from './account-event.ts'
import type { DeliveryCause, ExtensionResult } from './extension-result.ts'

export type DeliveryRoute = 'extension' | 'account'

/**
 * The result of checking a delivery's signature headers. `unchecked`: it has some, but no secret is configured. On the extension
 * route, the result is only recorded, unless signatures are required.
 */
export type SignatureCheck = 'valid' | 'invalid' | 'absent' | 'unchecked'

export type DeliveryOutcome = 'applied' | 'duplicate' | 'contradicted' | 'ignored' | 'rejected'

/** An HTTP POST received on the extension route, with a valid token. */
export type NewDelivery = {
  route: DeliveryRoute
  receivedAt: number
  submissionId: string
  signature: SignatureCheck
  /** Without the signatures, which are secret. Names are in lower case. */
  headers: { [name: string]: string }
  body: Buffer
  result: ExtensionResult
  /** The id of the rejected delivery that is replayed: it stays the same, but the delivery is no longer listed as rejected. */
  replayOf?: string | undefined
}

/** A signed delivery on the account route. */
export type NewAccountDelivery = Pick<NewDelivery, 'receivedAt' | 'headers' | 'body' | 'replayOf'> & {
  event: AccountEvent
}

/** Why a delivery was rejected. */
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

/** A rejected delivery, stored so that it can be replayed once the cause is fixed, if its body is complete. */
export type RejectedDelivery = {
  deliveryId: string
  route: DeliveryRoute
  receivedAt: number
  cause: RejectionCause
  /** The token of its URL, on the extension route. Never shown. */
  token: string | null
  /** The submission that its token names; null without a valid token. */
  submissionId: string | null
  /** The file that its body names, even if nothing proves who sent it: the delivery is deleted when that file is forgotten. */
  fileId: string | null
  /** Includes signature headers, for the replay; they are never shown. */
  headers: { [name: string]: string }
  body: Buffer
  /** The size of the body, as far as it is known. If `body` is smaller, it is incomplete, and the delivery can't be replayed. */
  bytes: number
}

export type NewRejectedDelivery = Omit<RejectedDelivery, 'deliveryId'>

/**
 * The result of a delivery, known once the delivery and its effect are committed. A `rejected` one has no effect; it is stored
 * separately, as a `RejectedDelivery`.
 */
export type RecordedDelivery = {
  /** Null for a `rejected` one. */
  deliveryId: string | null
  outcome: DeliveryOutcome
  cause: DeliveryCause | 'unknown_submission' | null
  /** The asset whose status may have changed. */
  fileId: string | null
  /** The submission that an account delivery changed. */
  submissionId?: string
  runId: string | null
}
