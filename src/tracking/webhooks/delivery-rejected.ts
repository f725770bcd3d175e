import type { RejectionCause } from '../../domain/delivery.ts'
import { type ErrorCode, TrackerError } from '../../domain/errors.ts'

/** Thrown for a delivery that is rejected. `rejectionCause` says why. */
export class DeliveryRejected extends TrackerError {
  readonly rejectionCause: RejectionCause

  constructor(cause: RejectionCause, message: string = REJECTIONS[cause].message) {
    super(REJECTIONS[cause].code, message)
    this.name = 'DeliveryRejected'
    this.rejectionCause = cause
  }
}

const REJECTIONS = {
  forged_token: { code: 'unauthenticated', message: 'The token in this URL is not valid.' },
  no_secret: {
    code: 'unauthenticated',
    message: 'IMAGEKIT_WEBHOOK_SECRET is not set, so no signature can be verified.',
  },
  absent_signature: { code: 'unauthenticated', message: 'The delivery is not signed.' },
  malformed_signature: { code: 'unauthenticated', message: 'The signature of the delivery is malformed.' },
  bad_signature: {
    code: 'unauthenticated',
    message: 'The signature of the delivery matches no secret.',
  },
  stale_signature: {
    code: 'unauthenticated',
    message: 'The timestamp of the signature is more than 5 minutes off.',
  },
  not_json: { code: 'invalid_input', message: 'The body is not JSON.' },
  too_large: { code: 'payload_too_large', message: 'The body is too large.' },
  broken_off: { code: 'client_closed', message: 'The request ended before its body was complete.' },
  too_slow: { code: 'request_timeout', message: 'The request body did not arrive in time.' },
  unknown_submission: {
    code: 'unknown_submission',
    message: 'The submission of this token is not in the database. Please try again later.',
  },
} as const satisfies Record<RejectionCause, { code: ErrorCode; message: string }>
