import { createHmac, randomUUID } from 'node:crypto'
import ImageKit from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageFile } from '../support/fixture-images.ts'
import {
  type Fields,
  PRIVATE_KEY,
  postForm,
  type RunningSandbox,
  startSandbox,
  upload,
} from './support/running-sandbox.ts'

const basic = (credentials: string) => ({
  authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
})
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds

function post(sandbox: RunningSandbox, fields: Fields, headers = {}, version = 'v1') {
  const form = { file: imageFile('sun.gif'), fileName: 'sun.gif', ...fields }
  return postForm(`${sandbox.url}/api/${version}/files/upload`, form, headers)
}

test('the private key is accepted as the user name of Basic authentication with any password, and unencoded after `Basic`', async () => {
  const sandbox = await startSandbox()
  for (const credentials of [`${PRIVATE_KEY}:`, `${PRIVATE_KEY}:do_not_set`]) {
    expect((await post(sandbox, {}, basic(credentials))).status).toBe(200)
  }
  expect((await post(sandbox, {}, { authorization: `Basic ${PRIVATE_KEY}` })).status).toBe(200)
})

test.each([
  '/v1/files',
  '/v1/files/0123456789abcdef01234567/details',
  '/v1/files/0123456789abcdef01234567/versions',
])('without a key %s returns 401, with a wrong key 403', async (path) => {
  const sandbox = await startSandbox()
  const missing = await fetch(sandbox.url + path)
  expect(missing.status).toBe(401)
  expect(await missing.json()).toMatchObject({ message: 'Your request does not contain private API key.' })
  const wrong = await fetch(sandbox.url + path, { headers: basic('private_other:') })
  expect(wrong.status).toBe(403)
  expect(await wrong.json()).toMatchObject({ message: 'Your account cannot be authenticated.' })
})

test('uploads without a signature, updates and deletions require the key', async () => {
  const sandbox = await startSandbox()
  expect((await post(sandbox, {})).status).toBe(401)
  expect((await post(sandbox, {}, basic('private_other:'))).status).toBe(403)
  const { body } = await upload(sandbox, { file: imageFile('sun.gif') })
  const file = `${sandbox.url}/v1/files/${String(body['fileId'])}`
  expect((await fetch(`${file}/details`, { method: 'PATCH', body: '{}' })).status).toBe(401)
  expect((await fetch(file, { method: 'DELETE' })).status).toBe(401)
})

test('without a configured key any key is accepted, but an upload with neither a key nor a signature is rejected', async () => {
  const sandbox = await startSandbox({ acceptsAnyKey: true })
  expect((await post(sandbox, {}, basic('whatever:'))).status).toBe(200)
  expect((await post(sandbox, {})).status).toBe(401)
})

test("a browser can upload only once with a signature that ImageKit's SDK created", async () => {
  const sandbox = await startSandbox()
  const client = new ImageKit({ privateKey: PRIVATE_KEY })
  const { token, expire, signature } = client.helper.getAuthenticationParameters()
  const fields = { publicKey: 'public', token, expire: String(expire), signature }
  expect((await post(sandbox, fields)).status).toBe(200)
  expect(await post(sandbox, fields)).toMatchObject({ status: 400 })
})

test.each([
  [{ expire: String(inSeconds(-10)) }, 'invalid expire parameter. Expire parameter should be a Unix time'],
  [{ expire: String(inSeconds(3700)) }, 'invalid expire parameter. Expire parameter should be a Unix time'],
  [{ expire: 'soon' }, 'invalid expire parameter. Expire parameter should be a Unix time'],
  [{ signature: 'f'.repeat(40) }, 'invalid signature parameter'],
  [{ token: '' }, 'missing token parameter'],
])('a browser upload with %j is rejected', async (change, message) => {
  const sandbox = await startSandbox()
  const token = randomUUID()
  const expire = String(inSeconds(600))
  const signature = createHmac('sha1', PRIVATE_KEY)
    .update(token + expire)
    .digest('hex')
  const { status, body } = await post(sandbox, { publicKey: 'public', token, expire, signature, ...change })
  expect(status).toBe(400)
  expect(body['message']).toContain(message)
})

test.each([
  ['v1', 'signature'],
  ['v2', 'token'],
])('%s rejects a private key together with a %s', async (version, field) => {
  const sandbox = await startSandbox()
  const { status, body } = await post(sandbox, { [field]: 'x' }, basic(`${PRIVATE_KEY}:`), version)
  expect(status).toBe(400)
  expect(body['message']).toBe(
    `Your request contains both ${field} and basic auth parameter. Use only one method, you might be exposing your private API key.`,
  )
})

test('a v2 token that signs every parameter is valid for one upload', async () => {
  const sandbox = await startSandbox()
  const parameters = { fileName: 'sun.gif', tags: 'a,b', useUniqueFileName: 'false' }
  const token = signToken({ ...parameters, iat: inSeconds(0), exp: inSeconds(600) })
  expect((await post(sandbox, { ...parameters, token }, {}, 'v2')).status).toBe(200)
  expect(await post(sandbox, { ...parameters, token }, {}, 'v2')).toMatchObject({
    status: 400,
    body: { message: 'Your request has invalid token.' },
  })
})

test.each([
  [
    'that does not sign every parameter of the upload',
    { tags: 'b' },
    {},
    PRIVATE_KEY,
    'Your request contains invalid payload. It does not match',
  ],
  [
    'that has expired',
    {},
    { iat: inSeconds(-20), exp: inSeconds(-10) },
    PRIVATE_KEY,
    'Your request contains expired token.',
  ],
  [
    'that is valid for too long',
    {},
    { exp: inSeconds(7300) },
    PRIVATE_KEY,
    'Your request has invalid token.',
  ],
  ['that was signed with another key', {}, {}, 'private_other', 'Your request has invalid token.'],
])('a v2 token %s is rejected', async (_title, fields, claims, key, message) => {
  const sandbox = await startSandbox()
  const token = signToken({ fileName: 'sun.gif', iat: inSeconds(0), exp: inSeconds(600), ...claims }, key)
  const { status, body } = await post(sandbox, { ...fields, token }, {}, 'v2')
  expect(status).toBe(400)
  expect(body['message']).toContain(message)
})

test('a v2 upload from a browser requires a valid token', async () => {
  const sandbox = await startSandbox()
  const { body } = await post(sandbox, { publicKey: 'public' }, {}, 'v2')
  expect(body['message']).toBe('Your request is missing token parameter.')
  const malformed = await post(sandbox, { token: 'a.b.c' }, {}, 'v2')
  expect(malformed.body['message']).toBe('Your request has invalid token.')
})

function signToken(payload: object, key = PRIVATE_KEY): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const content = `${encode({ alg: 'HS256', typ: 'JWT', kid: 'public' })}.${encode(payload)}`
  return `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`
}
