import { expect, test } from 'vitest'
import { verifySignature } from '../../../src/imagekit/webhook-signature.ts'
import { createArrivalTimes } from '../../../src/tracking/webhooks/arrival-times.ts'
import { createSignatureCheck } from '../../../src/tracking/webhooks/signature-check.ts'
import { ikHeaders, standardHeaders } from '../../support/signed-webhooks.ts'

const AT = 1_700_000_000_000
const HOUR = 3_600_000
const TEXT = '{"type":"file.updated"}'
const SIGNED = {
  headers: ikHeaders(TEXT, { at: AT, secret: 'one' }),
  body: Buffer.from(TEXT),
  receivedAt: AT,
}

function checkWith(secrets: readonly string[], arrivalTimes = createArrivalTimes()) {
  return createSignatureCheck({ secrets, verify: verifySignature, arrivalTimes })
}

test('a correct signature is valid, and the result contains the event id that it signs, if any', () => {
  expect(checkWith(['two', 'one'])(SIGNED)).toEqual({ check: 'valid', eventId: null, cause: null })
  const headers = standardHeaders(TEXT, { at: AT, secret: 'one', id: 'msg_7' })
  expect(checkWith(['one'])({ ...SIGNED, headers })).toEqual({
    check: 'valid',
    eventId: 'msg_7',
    cause: null,
  })
})

test.each([
  ['no signature', ['one'], {}, { check: 'absent', cause: 'absent_signature' }],
  ['no signature and no secret', [], {}, { check: 'absent', cause: 'no_secret' }],
  ['a signature and no secret', [], SIGNED.headers, { check: 'unchecked', cause: 'no_secret' }],
  ['a signature by an unknown secret', ['two'], SIGNED.headers, { check: 'invalid', cause: 'bad_signature' }],
  [
    'a malformed signature',
    ['one'],
    { 'x-ik-signature': '?' },
    { check: 'invalid', cause: 'malformed_signature' },
  ],
])('with %s, the check is not "valid", and the cause is returned', (_, secrets, headers, expected) => {
  expect(checkWith(secrets)({ ...SIGNED, headers })).toEqual({ ...expected, eventId: null })
})

test('a signature is stale an hour later, unless its delivery first arrived in time but could not be stored', () => {
  const arrivalTimes = createArrivalTimes()
  const check = checkWith(['one'], arrivalTimes)
  const late = { ...SIGNED, receivedAt: AT + HOUR }
  expect(check(late)).toMatchObject({ check: 'invalid', cause: 'stale_signature' })
  arrivalTimes.remember(SIGNED.body, AT + 1000)
  expect(check(late)).toMatchObject({ check: 'valid' })
})

test('a signature that was already stale at its first arrival stays stale, and one by an unknown secret stays invalid', () => {
  const arrivalTimes = createArrivalTimes()
  arrivalTimes.remember(SIGNED.body, AT + HOUR)
  const late = { ...SIGNED, receivedAt: AT + 2 * HOUR }
  expect(checkWith(['one'], arrivalTimes)(late)).toMatchObject({ cause: 'stale_signature' })
  expect(checkWith(['two'], arrivalTimes)(late)).toMatchObject({ cause: 'bad_signature' })
})
