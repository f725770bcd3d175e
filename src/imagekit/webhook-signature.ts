import { createHmac, timingSafeEqual } from 'node:crypto'
import { readIkSignature, readStandardSignature, type SignatureClaim } from './signature-headers.ts'

/** Why the signature of a delivery is invalid. */
type SignatureFault = 'no_secret' | 'malformed_signature' | 'bad_signature' | 'stale_signature'

export type SignatureResult =
  /** `eventId` is the signed `webhook-id`; null if only `x-ik-signature` is valid, which doesn't sign that header. */
  | { kind: 'valid'; eventId: string | null }
  | { kind: 'absent' }
  /** `stale_signature`: the signature matches, but its time is too far off. */
  | { kind: 'invalid'; cause: SignatureFault }

const TOLERANCE_MS = 5 * 60 * 1000

/**
 * Verifies a body's signatures in both of ImageKit's schemes. ImageKit may send the headers of both; one valid signature is enough,
 * because each signs the whole body. Header names are in lower case, times in milliseconds.
 */
export function verifySignature(facts: {
  headers: { readonly [name: string]: string }
  body: Buffer
  secrets: readonly string[]
  receivedAt: number
  toleranceMs?: number
}): SignatureResult {
  const { headers, body, receivedAt, toleranceMs = TOLERANCE_MS } = facts
  const claims = [readIkSignature(headers), readStandardSignature(headers)].filter(
    (claim) => claim !== 'absent',
  )
  if (claims.length === 0) return { kind: 'absent' }
  // Anybody can sign with an empty secret: a stray comma in the configuration must not count as one.
  const secrets = facts.secrets.filter((secret) => secret !== '')
  if (secrets.length === 0) return { kind: 'invalid', cause: 'no_secret' }

  const readable = claims.filter((claim) => claim !== 'malformed')
  const signed = readable.filter((claim) => isSignedByAny(claim, body, secrets))
  const fresh = signed.filter((claim) => Math.abs(receivedAt - claim.signedAt) <= toleranceMs)
  if (fresh.length > 0) {
    return { kind: 'valid', eventId: fresh.find((claim) => claim.eventId !== null)?.eventId ?? null }
  }
  if (signed.length > 0) return { kind: 'invalid', cause: 'stale_signature' }
  return { kind: 'invalid', cause: readable.length > 0 ? 'bad_signature' : 'malformed_signature' }
}

/** Tries every secret with every signature, so that the time taken doesn't reveal which one matched. */
function isSignedByAny(claim: SignatureClaim, body: Buffer, secrets: readonly string[]): boolean {
  let isSigned = false
  for (const secret of secrets) {
    // The key is the whole text, with `whsec_` and without decoding, as in ImageKit's own SDKs.
    const hmac = createHmac('sha256', secret).update(claim.signedHead).update(body)
    const expected = Buffer.from(hmac.digest(claim.encoding))
    for (const signature of claim.signatures) {
      if (isSameText(Buffer.from(signature), expected)) isSigned = true
    }
  }
  return isSigned
}

/** Compares the encoded texts, so that each signature has only one valid spelling. */
function isSameText(actual: Buffer, expected: Buffer): boolean {
  return actual.length === expected.length && timingSafeEqual(actual, expected)
}
