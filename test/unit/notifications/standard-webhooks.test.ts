import { createHmac, createSecretKey } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { parseSigningSecrets } from '../../../src/config/webhooks.ts'
import { signNotification } from '../../../src/notifications/send-notification.ts'

const encodeSecret = (text: string) => `whsec_${Buffer.from(text).toString('base64')}`
const KEY = 'a key of at least sixteen bytes'
const OTHER_KEY = 'another key of the same tracker'

/** An example from the reference libraries of Standard Webhooks. */
const EXAMPLE = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSeconds: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

test('The signature is that of the reference libraries of Standard Webhooks', () => {
  const { secrets, problems } = parseSigningSecrets(EXAMPLE.secret)
  expect(problems).toEqual([])
  expect(signNotification({ ...EXAMPLE, secrets })).toEqual({
    'webhook-id': EXAMPLE.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': EXAMPLE.signature,
  })
})

test('Each of several secrets signs, in order', () => {
  const { secrets } = parseSigningSecrets(`${encodeSecret(KEY)}, ${encodeSecret(OTHER_KEY)}`)
  const headers = signNotification({ id: 'msg_1', timestampSeconds: 7, body: '{"é":1}', secrets })
  const expected = [KEY, OTHER_KEY].map(
    (key) => `v1,${createHmac('sha256', key).update('msg_1.7.{"é":1}', 'utf8').digest('base64')}`,
  )
  expect(headers['webhook-signature']).toBe(expected.join(' '))
})

test('Without a secret there is an id and a timestamp, but no signature', () => {
  const headers = signNotification({ id: 'msg_1', timestampSeconds: 7, body: '{}', secrets: [] })
  expect(headers).toEqual({ 'webhook-id': 'msg_1', 'webhook-timestamp': '7' })
})

test('The base64 of a secret may be padded or not', () => {
  const padded = encodeSecret(KEY)
  expect(padded.endsWith('=')).toBe(true)
  for (const text of [padded, padded.replace(/=+$/, '')]) {
    const [secret] = parseSigningSecrets(text).secrets
    expect(secret?.equals(createSecretKey(Buffer.from(KEY)))).toBe(true)
  }
})

test.each([
  ['no prefix', Buffer.from(KEY).toString('base64')],
  ['another prefix', `whsk_${Buffer.from(KEY).toString('base64')}`],
  ['characters that are not base64', 'whsec_this is not base64, at all'],
  ['base64url', 'whsec_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_-_'],
  ['a length that base64 cannot have', `whsec_${'A'.repeat(33)}`],
  ['nothing after the prefix', 'whsec_'],
  ['a key that is too short', encodeSecret('fifteen letters')],
  ['an empty entry', ''],
])('An invalid secret is reported as a problem: %s', (_name, text) => {
  const { secrets, problems } = parseSigningSecrets(text)
  expect(secrets).toEqual([])
  expect(problems.length).toBeGreaterThan(0)
})

test('Each malformed secret of a list is named by its position, and none is quoted', () => {
  const bad = 'whsec_!bad!'
  const { secrets, problems } = parseSigningSecrets(
    `${encodeSecret(KEY)},${bad},${encodeSecret(OTHER_KEY)},${bad}`,
  )
  expect(secrets).toHaveLength(2)
  expect(problems).toEqual([
    'secret 2 must be whsec_ followed by base64',
    'secret 4 must be whsec_ followed by base64',
  ])
})

test('A parsed secret is not revealed when it is printed', () => {
  const { secrets } = parseSigningSecrets(encodeSecret(KEY))
  // The start of the key: as text, as base64, and as `inspect` prints bytes.
  expect(`${inspect(secrets)}${JSON.stringify(secrets)}`).not.toMatch(/a key|YSBrZXk|61 20 6b/)
})
