import type { SignatureCheck } from '../../domain/delivery.ts'
import type { ArrivalTimes } from './arrival-times.ts'

type SignatureResult =
  | { kind: 'valid'; eventId: string | null }
  | { kind: 'absent' }
  | { kind: 'invalid'; cause: 'no_secret' | 'malformed_signature' | 'bad_signature' | 'stale_signature' }

type SignatureCause = 'no_secret' | 'absent_signature' | (SignatureResult & { kind: 'invalid' })['cause']

export type SignedBody = { headers: { [name: string]: string }; body: Buffer; receivedAt: number }

type CheckedSignature =
  | { check: 'valid'; eventId: string | null; cause: null }
  | { check: Exclude<SignatureCheck, 'valid'>; eventId: null; cause: SignatureCause }

/**
 * Verifies the signature of a delivery. If this process could not record it when it first arrived, and still knows that time
 * (`ArrivalTimes`), the age of the signature is that at its first arrival.
 */
export type CheckSignature = (signed: SignedBody) => CheckedSignature

export function createSignatureCheck(deps: {
  secrets: readonly string[]
  verify: (signed: SignedBody & { secrets: readonly string[] }) => SignatureResult
  arrivalTimes: Pick<ArrivalTimes, 'find'>
}): CheckSignature {
  const { secrets, verify, arrivalTimes } = deps
  const verifyAtArrival = ({ headers, body, receivedAt }: SignedBody): SignatureResult => {
    const result = verify({ headers, body, receivedAt, secrets })
    if (result.kind !== 'invalid' || result.cause !== 'stale_signature') return result
    const firstAt = arrivalTimes.find(body)
    return firstAt === undefined ? result : verify({ headers, body, receivedAt: firstAt, secrets })
  }
  return (signed) => {
    const result = verifyAtArrival(signed)
    if (result.kind === 'valid') return { check: 'valid', eventId: result.eventId, cause: null }
    if (result.kind === 'absent') {
      // Without a secret, a signature could not be verified either.
      const cause = secrets.length === 0 ? 'no_secret' : 'absent_signature'
      return { check: 'absent', eventId: null, cause }
    }
    const check = result.cause === 'no_secret' ? 'unchecked' : 'invalid'
    return { check, eventId: null, cause: result.cause }
  }
}
