import { Headers as PackageHeaders } from 'undici'
import { expect, test } from 'vitest'
import {
  InvalidSignatureError,
  InvalidWebhookError,
  parseExtensionWebhook,
  verifyAccountWebhook,
} from '../../src/index.ts'
import { accountEvent, ikHeaders, standardHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { FILE_ID, payload } from '../support/webhooks.ts'

const BODY = accountEvent('file-updated')

test('a signed account webhook is read, in both schemes and with headers and bodies of each kind', () => {
  const expected = { kind: 'asset', type: 'file.updated', fileId: FILE_ID, payload: JSON.parse(BODY) }
  const headers = standardHeaders(BODY)
  expect(verifyAccountWebhook(BODY, ikHeaders(BODY), WEBHOOK_SECRET)).toMatchObject(expected)
  expect(verifyAccountWebhook(Buffer.from(BODY), headers, WEBHOOK_SECRET)).toMatchObject(expected)
  const bytes = new TextEncoder().encode(`  ${BODY}`).subarray(2)
  expect(verifyAccountWebhook(bytes, new Headers(headers), WEBHOOK_SECRET)).toMatchObject(expected)
  // `Headers` of another package than Node's own.
  expect(verifyAccountWebhook(BODY, new PackageHeaders(headers), WEBHOOK_SECRET)).toMatchObject(expected)
  // As some serverless platforms pass headers on.
  const capitalised = {
    'Webhook-Id': [headers['webhook-id']],
    'Webhook-Timestamp': headers['webhook-timestamp'],
    'Webhook-Signature': headers['webhook-signature'],
    Cookie: undefined,
  }
  expect(verifyAccountWebhook(BODY, capitalised, WEBHOOK_SECRET)).toMatchObject(expected)
})

test('during a rotation of the secret, one of several secrets is enough', () => {
  expect(verifyAccountWebhook(BODY, ikHeaders(BODY), ['whsec_new', WEBHOOK_SECRET]).kind).toBe('asset')
})

test('the id of an event without one is that in the signed headers', () => {
  const body = accountEvent('file-updated', { id: undefined })
  expect(verifyAccountWebhook(body, standardHeaders(body), WEBHOOK_SECRET).eventId).toBe('msg_1')
})

test.each([
  [
    'another secret',
    BODY,
    ikHeaders(BODY, { secret: 'whsec_other' }),
    WEBHOOK_SECRET,
    /No signature matches/,
  ],
  ['a changed body', BODY.replace('men', 'kids'), ikHeaders(BODY), WEBHOOK_SECRET, /No signature matches/],
  [
    'a signed time ten minutes ago',
    BODY,
    ikHeaders(BODY, { at: Date.now() - 600_000 }),
    WEBHOOK_SECRET,
    /five minutes/,
  ],
  ['a malformed signature', BODY, { 'x-ik-signature': 'v1=ab' }, WEBHOOK_SECRET, /malformed/],
  ['no signature', BODY, {}, WEBHOOK_SECRET, /missing/],
  ['an empty secret', BODY, ikHeaders(BODY, { secret: '' }), '', /secret is empty/],
  ['no secret', BODY, ikHeaders(BODY), [], /secret is empty/],
  ['a variable that is not set', BODY, ikHeaders(BODY), undefined, /secret is empty/],
])('%s is an InvalidSignatureError', (_, body, headers, secret, message) => {
  const verify = () => verifyAccountWebhook(body, headers, secret)
  expect(verify).toThrow(InvalidSignatureError)
  expect(verify).toThrow(message)
})

test.each(['[]', 'not JSON'])('a signed body that is %s is an InvalidWebhookError', (body) => {
  expect(() => verifyAccountWebhook(body, ikHeaders(body), WEBHOOK_SECRET)).toThrow(InvalidWebhookError)
})

test('extension webhooks are read, with the whole payload', () => {
  const failure = payload('remove-bg', 'failure')
  expect(parseExtensionWebhook(JSON.stringify(failure))).toEqual({
    service: 'remove-bg',
    status: 'failed',
    fileId: FILE_ID,
    error: failure['error'],
    payload: failure,
  })
  const success = payload('ai-auto-description', 'success')
  expect(parseExtensionWebhook(Buffer.from(JSON.stringify(success)))).toEqual({
    service: 'ai-auto-description',
    status: 'success',
    fileId: FILE_ID,
    error: null,
    payload: success,
  })
})

test.each([
  ['text that is not JSON', '{', /not JSON/],
  ['a list', '[]', /not a JSON object/],
  ['a body without a service', '{"status":"SUCCESS"}', /service/],
  ['a body with an invalid file id', '{"service":"remove-bg","status":"FAILURE","fileId":""}', /file id/],
  ['an unknown status', '{"service":"remove-bg","status":"PENDING"}', /status/],
])('%s is an InvalidWebhookError', (_, body, message) => {
  expect(() => parseExtensionWebhook(body)).toThrow(InvalidWebhookError)
  expect(() => parseExtensionWebhook(body)).toThrow(message)
})
