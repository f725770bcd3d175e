import type { DeliveryView } from '../tracking/operators/delivery-view.ts'

type Cause = NonNullable<DeliveryView['cause']>

const TEXTS = {
  unknown_shape: 'It is of a shape that is not known',
  unknown_status: 'Its status is not known',
  other_file: 'It speaks of another file than its address does',
  not_requested: 'It speaks of an extension that nobody asked for',
  unknown_submission: 'Its submission is not in this database',
  forgotten: 'Its asset has been forgotten',
  forged_token:
    'The token of its address is forged, or of a secret that is no longer in TRACKER_TOKEN_SECRET',
  no_secret: 'IMAGEKIT_WEBHOOK_SECRET is not set',
  absent_signature: 'It has no signature',
  malformed_signature: 'Its signature is malformed',
  bad_signature: 'Its signature is of another secret than those in IMAGEKIT_WEBHOOK_SECRET',
  stale_signature: 'Its signature is too old, or this machine’s clock is wrong',
  not_json: 'It is not JSON',
  too_large: 'It is larger than 1 MiB',
  broken_off: 'The connection broke before all of it had come',
  too_slow: 'It did not come in time',
} as const satisfies Record<Cause, string>

/** Why a delivery was not applied, in words. */
export function causeText(cause: Cause): string {
  return TEXTS[cause]
}
