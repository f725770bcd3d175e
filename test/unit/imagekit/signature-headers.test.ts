import { describe, expect, test } from 'vitest'
import { verifySignature } from '../../../src/imagekit/webhook-signature.ts'
import {
  BAD,
  hmac,
  IK_HEADER,
  IK_TIME,
  MALFORMED,
  STANDARD_SECRET,
  STANDARD_SIGNATURE,
  STANDARD_TIME,
  standardFacts,
  standardHeaders,
  VALID_IK,
  VALID_STANDARD,
  withIkHeader,
  without,
} from './signed.ts'

describe('x-ik-signature', () => {
  const right = IK_HEADER.slice(IK_HEADER.indexOf('v1='))

  test.each([
    '',
    right,
    `t=${IK_TIME}`,
    `t=notANumber,${right}`,
    `t=,${right}`,
    `t=-${IK_TIME},${right}`,
    `t=+${IK_TIME},${right}`,
    `t=${IK_TIME}.0,${right}`,
    `t=${IK_TIME}abc,${right}`,
    `t=0x18167f7b1bd,${right}`,
    `t= ${IK_TIME},${right}`,
    `t=${IK_TIME}000000,${right}`,
    `t=${IK_TIME},t=${IK_TIME},${right}`,
    `t=${IK_TIME};${right}`,
    `t=${IK_TIME},v2=${right.slice(3)}`,
    `t=${IK_TIME},V1=${right.slice(3)}`,
    IK_HEADER.replace(',', ', '),
  ])('%j is malformed', (header) => {
    expect(verifySignature(withIkHeader(header))).toEqual(MALFORMED)
  })

  test.each([
    ['a time that was not signed', IK_HEADER.replace('333,', '334,')],
    ['an altered signature', IK_HEADER.replace('d307', 'd308')],
    ['an empty signature', `t=${IK_TIME},v1=`],
    ['a signature that was cut', IK_HEADER.slice(0, -1)],
    ['a signature with something after it', `${IK_HEADER}0`],
    ['capital letters', `t=${IK_TIME},v1=${right.slice(3).toUpperCase()}`],
    ['base64', `t=${IK_TIME},v1=${Buffer.from(right.slice(3), 'hex').toString('base64')}`],
  ])('with %s is bad', (_what, header) => {
    expect(verifySignature(withIkHeader(header))).toEqual(BAD)
  })

  test('may come in any order, with versions that are not known, and with more than one signature', () => {
    expect(verifySignature(withIkHeader(`${right},t=${IK_TIME}`))).toEqual(VALID_IK)
    expect(verifySignature(withIkHeader(`t=${IK_TIME},v2=abc,${right},foo`))).toEqual(VALID_IK)
    expect(verifySignature(withIkHeader(`t=${IK_TIME},v1=${'0'.repeat(64)},${right}`))).toEqual(VALID_IK)
    expect(verifySignature(withIkHeader(`t=${IK_TIME},${right},v1=${'0'.repeat(64)}`))).toEqual(VALID_IK)
  })
})

describe('a Standard Webhooks signature', () => {
  test.each([
    ['without an id', without(standardHeaders(), 'webhook-id')],
    ['with an empty id', standardHeaders({ 'webhook-id': '' })],
    ['without a time', without(standardHeaders(), 'webhook-timestamp')],
    ['with a time that is no number', standardHeaders({ 'webhook-timestamp': 'today' })],
    ['with a time that only begins as one', standardHeaders({ 'webhook-timestamp': `${STANDARD_TIME}x` })],
    ['with a fraction of a second', standardHeaders({ 'webhook-timestamp': `${STANDARD_TIME}.5` })],
    ['without a version', standardHeaders({ 'webhook-signature': STANDARD_SIGNATURE.slice(3) })],
    ['of another version', standardHeaders({ 'webhook-signature': `v1a,${STANDARD_SIGNATURE.slice(3)}` })],
  ])('%s is malformed', (_what, headers) => {
    expect(verifySignature(standardFacts({ headers }))).toEqual(MALFORMED)
  })

  test.each([
    ['with another id', standardHeaders({ 'webhook-id': '2' })],
    ['with another time', standardHeaders({ 'webhook-timestamp': `${STANDARD_TIME + 1}` })],
    ['in hex', standardHeaders({ 'webhook-signature': `v1,${'0'.repeat(64)}` })],
    // The last letter before the padding has two bits that no decoder looks at.
    ['spelt otherwise', standardHeaders({ 'webhook-signature': STANDARD_SIGNATURE.replace('fs=', 'ft=') })],
    ['without its padding', standardHeaders({ 'webhook-signature': STANDARD_SIGNATURE.slice(0, -1) })],
  ])('%s is bad', (_what, headers) => {
    expect(verifySignature(standardFacts({ headers }))).toEqual(BAD)
  })

  test('may stand anywhere in the list', () => {
    const list = `v1a,AAAA v1,${'A'.repeat(43)}= ${STANDARD_SIGNATURE} v2,x`
    const headers = standardHeaders({ 'webhook-signature': list })
    expect(verifySignature(standardFacts({ headers }))).toEqual(VALID_STANDARD)
  })

  test('with a full stop in its id is refused, for that moves the border between id and body', () => {
    const moved = {
      'webhook-id': `1.${STANDARD_TIME}.{"a":1`,
      'webhook-timestamp': `${STANDARD_TIME}`,
      'webhook-signature': `v1,${hmac(STANDARD_SECRET, `1.${STANDARD_TIME}.{"a":1.${STANDARD_TIME}.7}`, 'base64')}`,
    }
    const facts = standardFacts({ headers: moved, body: Buffer.from('7}') })
    expect(verifySignature(facts)).toEqual(MALFORMED)
  })
})
