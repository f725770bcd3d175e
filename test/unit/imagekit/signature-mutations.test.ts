import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifySignature } from '../../../src/imagekit/webhook-signature.ts'
import { BAD_SIGNATURE, IK_SECRET, IK_TIME, ikFacts, standardFacts, VALID_IK } from './signature-vectors.ts'

function flipped(bytes: Buffer, index: number, mask: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(index) ^ mask, index)
  return copy
}

/** The text with each bit of each byte flipped in turn, decoded as Latin-1, as Node.js decodes headers. */
function* everyFlip(text: string): Generator<string> {
  for (let index = 0; index < text.length; index++) {
    for (let bit = 0; bit < 8; bit++) yield flipped(Buffer.from(text), index, 1 << bit).toString('latin1')
  }
}

describe('a change anywhere makes the signature invalid', () => {
  test('one bit of each byte of the body', () => {
    for (const facts of [ikFacts(), standardFacts()]) {
      for (let index = 0; index < facts.body.length; index++) {
        const body = flipped(facts.body, index, 1 << (index % 8))
        expect(verifySignature({ ...facts, body })).toEqual(BAD_SIGNATURE)
      }
    }
  })

  test('each bit of each header’s value', () => {
    for (const facts of [ikFacts(), standardFacts()]) {
      for (const [name, value] of Object.entries(facts.headers)) {
        for (const changed of everyFlip(value)) {
          const headers = { ...facts.headers, [name]: changed }
          expect(verifySignature({ ...facts, headers }), `${name}: ${changed}`).not.toHaveProperty(
            'kind',
            'valid',
          )
        }
      }
    }
  })

  test('a truncated or extended body', () => {
    for (const facts of [ikFacts(), standardFacts()]) {
      expect(verifySignature({ ...facts, body: facts.body.subarray(0, -1) })).toEqual(BAD_SIGNATURE)
      expect(verifySignature({ ...facts, body: Buffer.concat([facts.body, Buffer.from('\n')]) })).toEqual(
        BAD_SIGNATURE,
      )
      expect(verifySignature({ ...facts, body: Buffer.alloc(0) })).toEqual(BAD_SIGNATURE)
    }
  })
})

test('random headers are never valid, and cause no error', () => {
  const header = fc.option(fc.string({ unit: 'binary', maxLength: 40 }), { nil: undefined })
  const names = ['x-ik-signature', 'webhook-id', 'webhook-timestamp', 'webhook-signature']
  fc.assert(
    fc.property(fc.tuple(header, header, header, header), fc.uint8Array(), (values, bytes) => {
      const pairs = names.flatMap((name, index) => {
        const value = values[index]
        return value === undefined ? [] : [[name, value] as const]
      })
      const body = Buffer.from(bytes)
      const result = verifySignature(ikFacts({ headers: Object.fromEntries(pairs), body }))
      expect(result.kind).not.toBe('valid')
    }),
  )
})

test('bytes that are not UTF-8 are verified unchanged', () => {
  const body = Buffer.from([0xff, 0xfe, 0x00, 0x80])
  const signed = createHmac('sha256', IK_SECRET).update(`${IK_TIME}.`).update(body).digest('hex')
  const headers = { 'x-ik-signature': `t=${IK_TIME},v1=${signed}` }
  expect(verifySignature(ikFacts({ headers, body }))).toEqual(VALID_IK)
  expect(verifySignature(ikFacts({ headers, body: Buffer.from(body.toString()) }))).toEqual(BAD_SIGNATURE)
})
