import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { InvalidSignatureError, verifyNotification } from '../../src/client/client.ts'

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const OTHER = `whsec_${Buffer.alloc(24, 8).toString('base64')}`
const BODY = '{"service":"remove-bg","status":"FAILURE","fileId":"f","error":"é"}'

function headersOf(secret = SECRET, at = new Date(), body = BODY) {
  return {
    'webhook-id': 'msg_run_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg_run_1', at, body),
  }
}

test('a signed notification is returned, with headers of Node or of fetch, and text or bytes as the body', async () => {
  expect(await verifyNotification(BODY, headersOf(), SECRET)).toMatchObject({
    status: 'FAILURE',
    fileId: 'f',
  })
  const bytes = new TextEncoder().encode(BODY)
  expect(await verifyNotification(bytes, new Headers(headersOf()), SECRET)).toMatchObject({ error: 'é' })
})

test('during a rotation, one matching secret and one matching signature are enough', async () => {
  const headers = headersOf()
  const rotated = {
    ...headers,
    'webhook-signature': `${headersOf(OTHER)['webhook-signature']} ${headers['webhook-signature']}`,
  }
  expect(await verifyNotification(BODY, rotated, [OTHER, SECRET])).toMatchObject({ fileId: 'f' })
})

test.each([
  ['another secret', headersOf(), OTHER, BODY],
  ['a changed body', headersOf(), SECRET, BODY.replace('"f"', '"g"')],
  ['a signed time ten minutes ago', headersOf(SECRET, new Date(Date.now() - 600_000)), SECRET, BODY],
  ['no signature', { ...headersOf(), 'webhook-signature': '' }, SECRET, BODY],
  ['a signature that is not base64', { ...headersOf(), 'webhook-signature': 'v1,%%' }, SECRET, BODY],
  ['a secret that is not base64', headersOf(), 'whsec_%%', BODY],
])('%s is rejected', async (_, headers, secret, body) => {
  await expect(verifyNotification(body, headers, secret)).rejects.toBeInstanceOf(InvalidSignatureError)
})
