import type { SignatureCheck } from '../domain/delivery.ts'
import type { FirstReceipts } from './first-receipts.ts'

type Verdict =
  | { kind: 'valid'; eventId: string | null }
  | { kind: 'absent' }
  | { kind: 'invalid'; cause: 'no_secret' | 'malformed_signature' | 'bad_signature' | 'stale_signature' }

type SignatureCause = 'no_secret' | 'absent_signature' | (Verdict & { kind: 'invalid' })['cause']

export type SignedBody = { headers: { [name: string]: string }; body: Buffer; receivedAt: number }

type CheckedSignature =
  | { check: 'valid'; eventId: string | null; cause: null }
  | { check: Exclude<SignatureCheck, 'valid'>; eventId: null; cause: SignatureCause }

/** Judges the signature of a delivery. One that we could not take when it first came is judged by that first time. */
export type CheckSignature = (signed: SignedBody) => CheckedSignature

export function createSignatureCheck(deps: {
  secrets: readonly string[]
  verify: (signed: SignedBody & { secrets: readonly string[] }) => Verdict
  receipts: Pick<FirstReceipts, 'find'>
}): CheckSignature {
  const { secrets, verify, receipts } = deps
  const judge = ({ headers, body, receivedAt }: SignedBody): Verdict => {
    const verdict = verify({ headers, body, receivedAt, secrets })
    if (verdict.kind !== 'invalid' || verdict.cause !== 'stale_signature') return verdict
    const firstAt = receipts.find(body)
    return firstAt === undefined ? verdict : verify({ headers, body, receivedAt: firstAt, secrets })
  }
  return (signed) => {
    const verdict = judge(signed)
    if (verdict.kind === 'valid') return { check: 'valid', eventId: verdict.eventId, cause: null }
    if (verdict.kind === 'absent') {
      const cause = secrets.length === 0 ? 'no_secret' : 'absent_signature'
      return { check: 'absent', eventId: null, cause }
    }
    const check = verdict.cause === 'no_secret' ? 'unchecked' : 'invalid'
    return { check, eventId: null, cause: verdict.cause }
  }
}
