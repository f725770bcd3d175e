import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import {
  accountEvent,
  deliverEvent,
  ikHeaders,
  standardHeaders,
  WEBHOOK_SECRET,
} from '../support/signed-webhooks.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, payload, register, statusOf } from '../support/webhooks.ts'

const TEXT = JSON.stringify(payload('remove-bg', 'success'))
const SECRET = { IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET }

test('rejected deliveries are stored with their cause and what a replay needs, but without the Authorization header', async () => {
  const tracker = await startTracker(SECRET)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const token = webhookUrl.slice(webhookUrl.lastIndexOf('/') + 1)
  await deliver(webhookUrl, 'hello', { authorization: 'Bearer something', 'x-ik-signature': 't=1,v1=00' })
  await deliver(`${webhookUrl}x`, TEXT)
  await deliverEvent(tracker, TEXT, {})
  await tracker.service.stop()
  const stored = await readRows<{ headers: string; body: Buffer }>(
    tracker.database,
    'SELECT route, cause, token, headers, body FROM rejected_deliveries ORDER BY n',
  )
  expect(stored.map(({ body, ...row }) => ({ ...row, body: body.toString() }))).toMatchObject([
    { route: 'extension', cause: 'not_json', token, body: 'hello' },
    { route: 'extension', cause: 'forged_token', token: `${token}x`, body: TEXT },
    { route: 'account', cause: 'absent_signature', token: null, body: TEXT },
  ])
  const [headers] = stored.map((row): unknown => JSON.parse(row.headers))
  expect(headers).toMatchObject({ 'x-ik-signature': 't=1,v1=00' })
  expect(headers).not.toHaveProperty('authorization')
  expect(await readRows(tracker.database, 'SELECT * FROM deliveries')).toEqual([])
})

test('headers that may contain a key, an identity or a token, in any encoding, are not stored', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const { pathname } = new URL(webhookUrl)
  const token = pathname.slice(pathname.lastIndexOf('/') + 1)
  // Each byte is percent-encoded.
  const encoded = Buffer.from(token).toString('hex').replace(/../g, '%$&')
  const useful = {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'ImageKit/1',
    'webhook-id': 'msg_1',
    'webhook-timestamp': '1700000000',
  }
  const headers = {
    ...useful,
    referer: `https://proxy.example/webhooks/extension/${encoded}`,
    'x-original-url': `/webhooks/extension/${encoded}`,
    'x-original-uri': pathname,
    'x-forwarded-uri': webhookUrl,
    'x-api-key': 'hush',
    'x-auth-token': 'hush',
    'x-forwarded-access-token': 'hush',
    'x-forwarded-email': 'hush@example.com',
    'x-amzn-oidc-data': 'hush',
    'cf-access-jwt-assertion': 'hush',
    'x-unknown-to-everybody': 'hush',
    cookie: 'session=hush',
  }
  expect((await deliver(webhookUrl, TEXT, headers)).status).toBe(200)
  expect((await deliver(webhookUrl, 'hello', headers)).status).toBe(400)
  await tracker.service.stop()
  const select = 'SELECT headers FROM delivery_bodies UNION ALL SELECT headers FROM rejected_deliveries'
  const stored = await readRows<{ headers: string }>(tracker.database, select)
  expect(stored.map((row): unknown => JSON.parse(row.headers))).toEqual([
    { ...useful, 'content-length': String(TEXT.length) },
    { ...useful, 'content-length': '5' },
  ])
})

test('in a flood of forged deliveries, at most ten per second are stored, the rest are counted, and no secret is logged', async () => {
  let text = ''
  const memory = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString()
      done()
    },
  })
  const startedAt = performance.now()
  const tracker = await startTracker(SECRET, { logger: pino({ level: 'trace' }, memory) })
  const body = accountEvent('file-updated')
  const headers = { ...ikHeaders(body, { secret: 'x' }), ...standardHeaders(body, { secret: 'x' }) }
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const forged = `${webhookUrl}x`
  for (let round = 0; round < 20; round += 1) {
    expect((await deliverEvent(tracker, body, headers)).status).toBe(401)
    expect((await deliver(forged, TEXT)).status).toBe(401)
  }
  await tracker.service.stop()
  const seconds = Math.ceil((performance.now() - startedAt) / 1000)

  const stored = (await readRows(tracker.database, 'SELECT n FROM rejected_deliveries')).length
  expect(stored).toBeGreaterThanOrEqual(10)
  expect(stored).toBeLessThanOrEqual(10 * seconds)
  const lines = text.split('\n').filter((line) => line.includes('deliveries rejected'))
  const dropped = lines.map((line): number => JSON.parse(line).dropped)
  expect(dropped.reduce((sum, count) => sum + count, stored)).toBe(40)
  const token = forged.slice(forged.lastIndexOf('/') + 1)
  const mac = headers['x-ik-signature'].slice(-64)
  // The forged token, the valid one, two signatures, and the secret.
  const secrets = [token, token.slice(0, -1), mac, headers['webhook-signature'].slice(3), WEBHOOK_SECRET]
  for (const secret of secrets) expect(text).not.toContain(secret)
})

test('the signature of an extension webhook is checked and recorded, but by default an absent or invalid one is accepted', async () => {
  const tracker = await startTracker(SECRET)
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  // The signature with `at: 1` is stale: it dates from 1970.
  const signatures = [
    {},
    ikHeaders(TEXT),
    standardHeaders(TEXT),
    ikHeaders(TEXT, { at: 1 }),
    { 'x-ik-signature': '?' },
  ]
  for (const headers of signatures) expect((await deliver(webhookUrl, TEXT, headers)).status).toBe(200)
  await tracker.service.stop()
  const rows = await readRows(tracker.database, 'SELECT signature, outcome FROM deliveries ORDER BY n')
  expect(rows).toEqual([
    { signature: 'absent', outcome: 'applied' },
    { signature: 'valid', outcome: 'duplicate' },
    { signature: 'valid', outcome: 'duplicate' },
    { signature: 'invalid', outcome: 'duplicate' },
    { signature: 'invalid', outcome: 'duplicate' },
  ])
})

test('with REQUIRE_EXTENSION_SIGNATURE an extension webhook without a valid signature is rejected', async () => {
  const tracker = await startTracker({ ...SECRET, REQUIRE_EXTENSION_SIGNATURE: 'true' })
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const bad = [{}, ikHeaders(TEXT, { secret: 'x' }), ikHeaders(TEXT, { at: 1 }), { 'x-ik-signature': '?' }]
  for (const headers of bad) expect((await deliver(webhookUrl, TEXT, headers)).status).toBe(401)
  expect((await statusOf(tracker)).status).toBe('pending')
  expect((await deliver(webhookUrl, TEXT, ikHeaders(TEXT))).json).toEqual({ outcome: 'applied' })
  await tracker.service.stop()
  const causes = await readRows(tracker.database, 'SELECT cause FROM rejected_deliveries ORDER BY n')
  expect(causes).toEqual(
    ['absent_signature', 'bad_signature', 'stale_signature', 'malformed_signature'].map((cause) => ({
      cause,
    })),
  )
})
