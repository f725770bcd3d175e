import { describe, expect, test } from 'vitest'
import { verifySignature } from '../../../src/imagekit/webhook-signature.ts'
import {
  BAD_SIGNATURE,
  hmac,
  IK_HEADER,
  IK_TIME,
  MALFORMED,
  STANDARD_BODY,
  STANDARD_SECRET,
  STANDARD_SIGNATURE,
  STANDARD_TIME,
  standardFacts,
  standardHeaders,
  VALID_IK,
  VALID_STANDARD,
  withIkHeader,
  without,
} from './signature-vectors.ts'

describe('x-ik-signature', () => {
  const validSignature = IK_HEADER.slice(IK_HEADER.indexOf('v1='))

  test.each([
    '',
    validSignature,
    `t=${IK_TIME}`,
    `t=notANumber,${validSignature}`,
    `t=,${validSignature}`,
    `t=-${IK_TIME},${validSignature}`,
    `t=+${IK_TIME},${validSignature}`,
    `t=${IK_TIME}.0,${validSignature}`,
    `t=${IK_TIME}abc,${validSignature}`,
    `t=0x${IK_TIME.toString(16)},${validSignature}`,
    `t= ${IK_TIME},${validSignature}`,
    // A time has at most 14 digits.
    `t=${IK_TIME}000000,${validSignature}`,
    `t=${IK_TIME},t=${IK_TIME},${validSignature}`,
    `t=${IK_TIME};${validSignature}`,
    `t=${IK_TIME},v2=${validSignature.slice(3)}`,
    `t=${IK_TIME},V1=${validSignature.slice(3)}`,
    IK_HEADER.replace(',', ', '),
  ])('%j is malformed', (header) => {
    expect(verifySignature(withIkHeader(header))).toEqual(MALFORMED)
  })

  test.each([
    ['a time that was not signed', IK_HEADER.replace('333,', '334,')],
    ['an altered signature', IK_HEADER.replace('d307', 'd308')],
    ['an empty signature', `t=${IK_TIME},v1=`],
    ['a truncated signature', IK_HEADER.slice(0, -1)],
    ['a signature with something after it', `${IK_HEADER}0`],
    ['a signature in capital letters', `t=${IK_TIME},v1=${validSignature.slice(3).toUpperCase()}`],
    [
      'a signature in base64',
      `t=${IK_TIME},v1=${Buffer.from(validSignature.slice(3), 'hex').toString('base64')}`,
    ],
  ])('with %s does not match', (_what, header) => {
    expect(verifySignature(withIkHeader(header))).toEqual(BAD_SIGNATURE)
  })

  test('may have its items in any order, unknown items and several signatures', () => {
    expect(verifySignature(withIkHeader(`${validSignature},t=${IK_TIME}`))).toEqual(VALID_IK)
    expect(verifySignature(withIkHeader(`t=${IK_TIME},v2=abc,${validSignature},foo`))).toEqual(VALID_IK)
    expect(verifySignature(withIkHeader(`t=${IK_TIME},v1=${'0'.repeat(64)},${validSignature}`))).toEqual(
      VALID_IK,
    )
    expect(verifySignature(withIkHeader(`t=${IK_TIME},${validSignature},v1=${'0'.repeat(64)}`))).toEqual(
      VALID_IK,
    )
  })
})

const STANDARD_SIGNED_TEXT = `1.${STANDARD_TIME}.${STANDARD_BODY.toString()}`

describe('a Standard Webhooks signature', () => {
  test.each([
    ['without an id', without(standardHeaders(), 'webhook-id')],
    ['with an empty id', standardHeaders({ 'webhook-id': '' })],
    ['without a time', without(standardHeaders(), 'webhook-timestamp')],
    ['with a time that is not a number', standardHeaders({ 'webhook-timestamp': 'today' })],
    [
      'with a time that only begins with a number',
      standardHeaders({ 'webhook-timestamp': `${STANDARD_TIME}x` }),
    ],
    ['with a fraction of a second', standardHeaders({ 'webhook-timestamp': `${STANDARD_TIME}.5` })],
    ['without a version', standardHeaders({ 'webhook-signature': STANDARD_SIGNATURE.slice(3) })],
    ['of another version', standardHeaders({ 'webhook-signature': `v1a,${STANDARD_SIGNATURE.slice(3)}` })],
  ])('%s is malformed', (_what, headers) => {
    expect(verifySignature(standardFacts({ headers }))).toEqual(MALFORMED)
  })

  test.each([
    ['with another id', standardHeaders({ 'webhook-id': '2' })],
    ['with another time', standardHeaders({ 'webhook-timestamp': `${STANDARD_TIME + 1}` })],
    [
      'in hex',
      standardHeaders({ 'webhook-signature': `v1,${hmac(STANDARD_SECRET, STANDARD_SIGNED_TEXT, 'hex')}` }),
    ],
    // Decoders ignore two bits of the last character before the padding, so both spellings decode to the same signature.
    [
      'in another spelling',
      standardHeaders({ 'webhook-signature': STANDARD_SIGNATURE.replace('fs=', 'ft=') }),
    ],
    ['without its padding', standardHeaders({ 'webhook-signature': STANDARD_SIGNATURE.slice(0, -1) })],
  ])('%s does not match', (_what, headers) => {
    expect(verifySignature(standardFacts({ headers }))).toEqual(BAD_SIGNATURE)
  })

  test('may be anywhere in the list', () => {
    const list = `v1a,AAAA v1,${'A'.repeat(43)}= ${STANDARD_SIGNATURE} v2,x`
    const headers = standardHeaders({ 'webhook-signature': list })
    expect(verifySignature(standardFacts({ headers }))).toEqual(VALID_STANDARD)
  })

  test('with a full stop in its id is malformed, because the full stop could move the border between id and body', () => {
    const moved = {
      'webhook-id': `1.${STANDARD_TIME}.{"a":1`,
      'webhook-timestamp': `${STANDARD_TIME}`,
      'webhook-signature': `v1,${hmac(STANDARD_SECRET, `1.${STANDARD_TIME}.{"a":1.${STANDARD_TIME}.7}`, 'base64')}`,
    }
    const facts = standardFacts({ headers: moved, body: Buffer.from('7}') })
    expect(verifySignature(facts)).toEqual(MALFORMED)
  })
})
