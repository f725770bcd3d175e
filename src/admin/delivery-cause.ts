import type { DeliveryView } from '../tracking/operators/list-deliveries.ts'

type Cause = NonNullable<DeliveryView['cause']>

const CAUSE_TEXTS = {
  unknown_shape: 'Unrecognised payload',
  unknown_status: 'Unknown status',
  other_file: 'The payload names a different file than the submission',
  not_requested: 'The extension was not requested',
  unknown_submission: 'The submission is not in this database',
  forgotten: 'The asset was forgotten',
  forged_token: 'The token matches no TRACKER_TOKEN_SECRET',
  no_secret: 'IMAGEKIT_WEBHOOK_SECRET is not set',
  absent_signature: 'The signature is missing',
  malformed_signature: 'The signature is malformed',
  bad_signature: 'The signature matches no IMAGEKIT_WEBHOOK_SECRET',
  stale_signature: 'The signature is too old, or a clock is wrong',
  not_json: 'The body is not JSON',
  too_large: 'The body is larger than 1 MiB',
  broken_off: 'The connection broke before the whole body arrived',
  too_slow: 'The body did not arrive in time',
} as const satisfies Record<Cause, string>

/** The reason why a delivery was not applied, as the pages show it. It has no full stop at the end. */
export function deliveryCauseText(cause: Cause): string {
  return CAUSE_TEXTS[cause]
}
