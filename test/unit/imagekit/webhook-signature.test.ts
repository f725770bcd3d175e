import { createHash, randomBytes } from 'node:crypto'
import ImageKit from '@imagekit/nodejs'
import ImageKitV6 from 'imagekit'
import { describe, expect, test } from 'vitest'
import { verifySignature } from '../../../src/imagekit/webhook-signature.ts'
import {
  BAD_SIGNATURE,
  hmac,
  IK_BODY,
  IK_HEADER,
  IK_SECRET,
  IK_TIME,
  ikFacts,
  MALFORMED,
  STALE,
  STANDARD_BODY,
  STANDARD_SECRET,
  standardFacts,
  standardHeaders,
  VALID_IK,
  VALID_STANDARD,
  withIkHeader,
  without,
} from './signature-vectors.ts'

describe('the test vectors', () => {
  test('have bodies with the expected digests', () => {
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    expect(digest(IK_BODY)).toBe('0f1af08dd02fa7a5c514701d717f4c3d7a1e15185228787ee301a966ba5a941c')
    expect(digest(STANDARD_BODY)).toBe('a23979ccbe9ac245cf0ec86c3cd869cc6dd0ce43766c4f963d8eb980c97e6540')
  })

  test('are valid in both schemes, and x-ik-signature does not sign the id', () => {
    expect(verifySignature(ikFacts())).toEqual(VALID_IK)
    expect(verifySignature(standardFacts())).toEqual(VALID_STANDARD)
    const unsignedId = { 'x-ik-signature': IK_HEADER, 'webhook-id': 'forged' }
    expect(verifySignature(ikFacts({ headers: unsignedId }))).toEqual(VALID_IK)
  })

  test('do not match a signature made with the decoded secret, although Standard Webhooks prescribes that key', () => {
    const signature = 'v1,CFifD2Gs36ies1AmYDr073NLIJYa6aqo9JI4u3OYkkY='
    const headers = standardHeaders({ 'webhook-signature': signature })
    expect(verifySignature(standardFacts({ headers }))).toEqual(BAD_SIGNATURE)
  })
})

describe('the SDKs and the tracker agree', () => {
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const body = IK_BODY.toString()

  test('on x-ik-signature (SDK 6)', () => {
    const time = Date.now()
    const header = `t=${time},v1=${hmac(secret, `${time}.${body}`, 'hex')}`
    const sdk = new ImageKitV6({ publicKey: 'a', privateKey: 'b', urlEndpoint: 'https://ik.imagekit.io/c' })
    expect(sdk.verifyWebhookEvent(body, header, secret).timestamp).toBe(time)
    const headers = { 'x-ik-signature': header }
    const facts = { headers, body: IK_BODY, secrets: [secret], receivedAt: time }
    expect(verifySignature(facts)).toEqual(VALID_IK)
  })

  test('on Standard Webhooks (SDK 7, with the standardwebhooks package inside)', () => {
    const time = Math.floor(Date.now() / 1000)
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': `${time}`,
      'webhook-signature': `v1,${hmac(secret, `msg_1.${time}.${body}`, 'base64')}`,
    }
    const sdk = new ImageKit({ privateKey: 'b', webhookSecret: secret })
    expect(sdk.webhooks.unwrap(body, { headers })).toMatchObject({ type: 'video.transformation.accepted' })
    const facts = { headers, body: IK_BODY, secrets: [secret], receivedAt: time * 1000 }
    expect(verifySignature(facts)).toEqual({ kind: 'valid', eventId: 'msg_1' })
  })
})

describe('a missing signature', () => {
  test('is reported as absent, with or without a secret', () => {
    expect(verifySignature(ikFacts({ headers: {} }))).toEqual({ kind: 'absent' })
    expect(verifySignature(ikFacts({ headers: {}, secrets: [] }))).toEqual({ kind: 'absent' })
    const headers = without(standardHeaders(), 'webhook-signature')
    expect(verifySignature(standardFacts({ headers }))).toEqual({ kind: 'absent' })
  })

  test('differs from a missing secret', () => {
    expect(verifySignature(ikFacts({ secrets: [] }))).toEqual({ kind: 'invalid', cause: 'no_secret' })
  })

  test('differs from an empty secret, which counts as a missing one, because anybody could sign with it', () => {
    const header = `t=${IK_TIME},v1=${hmac('', `${IK_TIME}.${IK_BODY.toString()}`, 'hex')}`
    const headers = { 'x-ik-signature': header }
    expect(verifySignature(ikFacts({ headers, secrets: [''] }))).toEqual({
      kind: 'invalid',
      cause: 'no_secret',
    })
    expect(verifySignature(ikFacts({ headers, secrets: [IK_SECRET, ''] }))).toEqual(BAD_SIGNATURE)
  })
})

describe('several secrets', () => {
  test('verify a signature if any of them matches', () => {
    for (const secrets of [
      [IK_SECRET, 'other'],
      [IK_SECRET, IK_SECRET],
      ['other', IK_SECRET],
      ['other', IK_SECRET, 'third'],
    ]) {
      expect(verifySignature(ikFacts({ secrets }))).toEqual(VALID_IK)
    }
    expect(verifySignature(standardFacts({ secrets: ['other', STANDARD_SECRET] }))).toEqual(VALID_STANDARD)
    expect(verifySignature(ikFacts({ secrets: ['other', 'third'] }))).toEqual(BAD_SIGNATURE)
  })
})

test('a secret without its prefix, or decoded, is another secret', () => {
  const bare = IK_SECRET.slice('whsec_'.length)
  expect(verifySignature(ikFacts({ secrets: [bare] }))).toEqual(BAD_SIGNATURE)
  const signature = hmac(Buffer.from(bare, 'base64'), `${IK_TIME}.${IK_BODY.toString()}`, 'hex')
  expect(verifySignature(withIkHeader(`t=${IK_TIME},v1=${signature}`))).toEqual(BAD_SIGNATURE)
})

describe('the time of a signature', () => {
  const toleranceMs = 5 * 60 * 1000

  test('may differ from the time of arrival by five minutes in either direction, and not by a millisecond more', () => {
    for (const [facts, valid] of [
      [ikFacts(), VALID_IK],
      [standardFacts(), VALID_STANDARD],
    ] as const) {
      const verifyLaterBy = (difference: number) =>
        verifySignature({ ...facts, receivedAt: facts.receivedAt + difference })
      expect(verifyLaterBy(toleranceMs)).toEqual(valid)
      expect(verifyLaterBy(-toleranceMs)).toEqual(valid)
      expect(verifyLaterBy(toleranceMs + 1)).toEqual(STALE)
      expect(verifyLaterBy(-toleranceMs - 1)).toEqual(STALE)
    }
  })

  test('is checked with the given tolerance', () => {
    const late = { receivedAt: IK_TIME + 61_000 }
    expect(verifySignature(ikFacts({ ...late, toleranceMs: 60_000 }))).toEqual(STALE)
    expect(verifySignature(ikFacts({ ...late, toleranceMs: 61_000 }))).toEqual(VALID_IK)
  })

  test('is not checked for a signature that does not match: only a matching one can be stale', () => {
    expect(verifySignature(ikFacts({ secrets: ['other'], receivedAt: 0 }))).toEqual(BAD_SIGNATURE)
  })
})

describe('both signature schemes together', () => {
  const secrets = [IK_SECRET]
  const time = Math.floor(IK_TIME / 1000)
  const standard = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': `${time}`,
    'webhook-signature': `v1,${hmac(IK_SECRET, `msg_1.${time}.${IK_BODY.toString()}`, 'base64')}`,
  }
  const wrong = `v1,${'A'.repeat(43)}=`
  const stale = {
    'webhook-timestamp': '1000',
    'webhook-signature': `v1,${hmac(IK_SECRET, `msg_1.1000.${IK_BODY.toString()}`, 'base64')}`,
  }
  const both = (changes: { [name: string]: string }) =>
    verifySignature(ikFacts({ secrets, headers: { 'x-ik-signature': IK_HEADER, ...standard, ...changes } }))

  test('one valid signature is enough', () => {
    expect(both({})).toEqual({ kind: 'valid', eventId: 'msg_1' })
    expect(both({ 'x-ik-signature': 'nonsense' })).toEqual({ kind: 'valid', eventId: 'msg_1' })
    expect(both({ 'webhook-signature': wrong })).toEqual(VALID_IK)
    expect(both(stale)).toEqual(VALID_IK)
  })

  test('if both are invalid, the cause is that of the more nearly valid one', () => {
    expect(both({ 'x-ik-signature': 'nonsense', 'webhook-signature': 'nonsense' })).toEqual(MALFORMED)
    expect(both({ 'x-ik-signature': 'nonsense', 'webhook-signature': wrong })).toEqual(BAD_SIGNATURE)
    expect(both({ 'x-ik-signature': 'nonsense', ...stale })).toEqual(STALE)
  })
})
