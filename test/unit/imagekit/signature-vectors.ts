import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { verifySignature } from '../../../src/imagekit/webhook-signature.ts'

export type Facts = Parameters<typeof verifySignature>[0]

// From the tests of ImageKit's SDKs, except `STANDARD_TIME` and `STANDARD_SIGNATURE`: the SDKs' tests sign with the present
// time. After `whsec_`, both secrets look like base64, but must not be decoded: the key is the whole text.
export const IK_SECRET = 'whsec_xeO2UNkfKMQnfJf7Q/Qx+fYptL1wabXd'
/** In milliseconds. */
export const IK_TIME = 1655788406333
export const IK_HEADER = `t=${IK_TIME},v1=d30758f47fcb31e1fa0109d3b3e2a6c623e699aaf1461cba6bd462ef58ea4b31`
export const IK_BODY = example('account-video-transformation-accepted')
export const STANDARD_SECRET = 'whsec_c2VjcmV0Cg=='
/** In seconds. */
export const STANDARD_TIME = 1700000000
export const STANDARD_SIGNATURE = 'v1,Dp9xW5e1OzQP9F7WGVQZK1mAXzW4LfDr/rrjYqlGDfs='
export const STANDARD_BODY = example('account-video-transformation-accepted-sdk')

export const VALID_IK = { kind: 'valid', eventId: null }
export const VALID_STANDARD = { kind: 'valid', eventId: '1' }
export const MALFORMED = { kind: 'invalid', cause: 'malformed_signature' }
export const BAD_SIGNATURE = { kind: 'invalid', cause: 'bad_signature' }
export const STALE = { kind: 'invalid', cause: 'stale_signature' }

function example(name: string): Buffer {
  const text = readFileSync(new URL(`../../fixtures/webhooks/${name}.json`, import.meta.url), 'utf8')
  return Buffer.from(text.trimEnd())
}

export function ikFacts(changes: Partial<Facts> = {}): Facts {
  const headers = { 'x-ik-signature': IK_HEADER }
  return { headers, body: IK_BODY, secrets: [IK_SECRET], receivedAt: IK_TIME, ...changes }
}

export function standardHeaders(changes: { [name: string]: string } = {}): Facts['headers'] {
  return {
    'webhook-id': '1',
    'webhook-timestamp': `${STANDARD_TIME}`,
    'webhook-signature': STANDARD_SIGNATURE,
    ...changes,
  }
}

export function standardFacts(changes: Partial<Facts> = {}): Facts {
  const receivedAt = STANDARD_TIME * 1000
  return {
    headers: standardHeaders(),
    body: STANDARD_BODY,
    secrets: [STANDARD_SECRET],
    receivedAt,
    ...changes,
  }
}

export function without(headers: Facts['headers'], name: string): Facts['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
}

export function withIkHeader(header: string): Facts {
  return ikFacts({ headers: { 'x-ik-signature': header } })
}

export function hmac(secret: string | Buffer, text: string, encoding: 'hex' | 'base64'): string {
  return createHmac('sha256', secret).update(text).digest(encoding)
}
