import type { RejectionCause } from '../domain/delivery.ts'
import { type ErrorCode, TrackerError } from '../domain/errors.ts'

/** A delivery that is not taken, and why. */
export class DeliveryRejected extends TrackerError {
  readonly refusal: RejectionCause

  constructor(refusal: RejectionCause, message: string = TOLD[refusal].message) {
    super(TOLD[refusal].code, message)
    this.name = 'DeliveryRejected'
    this.refusal = refusal
  }
}

const TOLD = {
  forged_token: { code: 'unauthenticated', message: 'The token in this address is not one of ours.' },
  no_secret: {
    code: 'unauthenticated',
    message: 'No secret is set that a signature could be checked with (IMAGEKIT_WEBHOOK_SECRET).',
  },
  absent_signature: { code: 'unauthenticated', message: 'The delivery is not signed.' },
  malformed_signature: { code: 'unauthenticated', message: 'The signature of the delivery cannot be read.' },
  bad_signature: {
    code: 'unauthenticated',
    message: 'The signature of the delivery does not fit any secret.',
  },
  stale_signature: {
    code: 'unauthenticated',
    message: 'The signature of the delivery is more than 5 minutes off.',
  },
  not_json: { code: 'invalid_input', message: 'The body is not JSON.' },
  too_large: { code: 'payload_too_large', message: 'The body is too large.' },
  broken_off: { code: 'client_closed', message: 'The request ended before its body was complete.' },
  too_slow: { code: 'request_timeout', message: 'The body of the request did not come in time.' },
  unknown_submission: {
    code: 'unknown_submission',
    message: 'The submission of this token is not in the database. Please try again later.',
  },
} as const satisfies Record<RejectionCause, { code: ErrorCode; message: string }>
