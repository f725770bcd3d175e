import { createHmac, timingSafeEqual } from 'node:crypto'
import { readIkSignature, readStandardSignature, type SignatureClaim } from './signature-headers.ts'

/** Why a delivery that carries a signature is not believed. */
type SignatureFault = 'no_secret' | 'malformed_signature' | 'bad_signature' | 'stale_signature'

export type SignatureVerdict =
  /** `eventId` is the signed `webhook-id`; null where only `x-ik-signature` is right, which does not sign that header. */
  | { kind: 'valid'; eventId: string | null }
  | { kind: 'absent' }
  /** `stale_signature`: it is right, and its time is not. */
  | { kind: 'invalid'; cause: SignatureFault }

const TOLERANCE_MS = 5 * 60 * 1000

/**
 * Checks both signature schemes of ImageKit over the bytes as they came. ImageKit may send both families of headers; one
 * that is right is enough, for each signs the whole body. Header names are in lower case, times in milliseconds.
 */
export function verifySignature(facts: {
  headers: { readonly [name: string]: string }
  body: Buffer
  secrets: readonly string[]
  receivedAt: number
  toleranceMs?: number
}): SignatureVerdict {
  const { headers, body, receivedAt, toleranceMs = TOLERANCE_MS } = facts
  const claims = [readIkSignature(headers), readStandardSignature(headers)].filter(
    (claim) => claim !== 'absent',
  )
  if (claims.length === 0) return { kind: 'absent' }
  // An empty key is one that everybody knows; a stray comma in the configuration must not be taken for a secret.
  const secrets = facts.secrets.filter((secret) => secret !== '')
  if (secrets.length === 0) return { kind: 'invalid', cause: 'no_secret' }

  const readable = claims.filter((claim) => claim !== 'malformed')
  const signed = readable.filter((claim) => isSignedByOne(claim, body, secrets))
  const fresh = signed.filter((claim) => Math.abs(receivedAt - claim.signedAt) <= toleranceMs)
  if (fresh.length > 0) {
    return { kind: 'valid', eventId: fresh.find((claim) => claim.eventId !== null)?.eventId ?? null }
  }
  if (signed.length > 0) return { kind: 'invalid', cause: 'stale_signature' }
  return { kind: 'invalid', cause: readable.length > 0 ? 'bad_signature' : 'malformed_signature' }
}

/** Every secret is tried with every signature, so that the time taken does not tell which of them was right. */
function isSignedByOne(claim: SignatureClaim, body: Buffer, secrets: readonly string[]): boolean {
  let isSigned = false
  for (const secret of secrets) {
    // The whole text is the key, `whsec_` included and nothing decoded: so do ImageKit's own SDKs.
    const hmac = createHmac('sha256', secret).update(claim.signedHead).update(body)
    const expected = Buffer.from(hmac.digest(claim.encoding))
    for (const signature of claim.signatures) {
      if (isSameText(Buffer.from(signature), expected)) isSigned = true
    }
  }
  return isSigned
}

/** Compares the texts, not what they decode to, so that a signature has one spelling only. */
function isSameText(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected)
}
