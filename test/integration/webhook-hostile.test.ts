import { expect, test } from 'vitest'
import { startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

test.each([
  ['an array', '[]'],
  ['an array of payloads', JSON.stringify([payload('remove-bg', 'success')])],
  ['a string', '"SUCCESS"'],
  ['a number', '42'],
  ['null', 'null'],
  ['true', 'true'],
  ['an empty object', '{}'],
  ['a list nested 100,000 deep', nested(100_000)],
  ['a service that is not a string', '{"service":["remove-bg"],"status":"SUCCESS"}'],
  ['an empty service', '{"service":"","status":"SUCCESS"}'],
  ['a service of 100,000 characters', JSON.stringify({ service: 'x'.repeat(100_000), status: 'SUCCESS' })],
  ['a status that is not a string', '{"service":"remove-bg","status":{"toUpperCase":1}}'],
  ['an unknown status', '{"service":"remove-bg","status":"QUEUED"}'],
  ['an envelope of an account webhook', '{"type":"file.updated","id":"1","created_at":"x","data":{}}'],
  ['__proto__ as service', '{"service":"__proto__","status":"SUCCESS"}'],
  ['constructor as service', '{"service":"constructor","status":"FAILURE","fileId":"x","error":{}}'],
  ['a NUL in the service', '{"service":"remove-bg\\u0000","status":"SUCCESS"}'],
  ['a lone surrogate in the service', '{"service":"remove-bg\\ud800","status":"SUCCESS"}'],
])('%s is ignored and gets 200', async (_, body) => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect(await deliver(webhookUrl, body)).toMatchObject({ status: 200, json: { outcome: 'ignored' } })
  expect((await statusOf(tracker)).extensionStatus).toEqual({ 'remove-bg': 'pending' })
})

test.each([
  ['without a fileId anywhere', '{"service":"remove-bg","status":"SUCCESS"}'],
  ['with a fileObject that is not an object', '{"service":"remove-bg","status":"SUCCESS","fileObject":"x"}'],
  ['with a fileId that is not a string', '{"service":"remove-bg","status":"SUCCESS","fileId":{"a":1}}'],
  ['with a repeated key, whose last value counts', '{"status":"X","service":"remove-bg","status":"SUCCESS"}'],
  ['with a byte order mark', '\ufeff{"service":"remove-bg","status":"SUCCESS"}'],
  ['with __proto__ as another key', '{"__proto__":{"service":"x"},"service":"remove-bg","status":"SUCCESS"}'],
  [
    'with bytes that are not UTF-8',
    Buffer.from([...Buffer.from('{"service":"remove-bg","status":"SUCCESS","x":"'), 0xff, 0x22, 0x7d]),
  ],
  [
    'with a deep fileObject',
    `{"service":"remove-bg","status":"SUCCESS","fileObject":{"fileId":"${FILE_ID}","x":${nested(100_000)}}}`,
  ],
])('a webhook %s is applied', async (_, body) => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect(await deliver(webhookUrl, body)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  expect((await statusOf(tracker)).status).toBe('success')
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense', ''])(
  'the content type %j does not matter',
  async (type) => {
    const tracker = await startTracker()
    const { webhookUrl } = await register(tracker, ['remove-bg'])
    const response = await deliver(webhookUrl, payload('remove-bg', 'success'), { 'content-type': type })
    expect(response).toMatchObject({ status: 200, json: { outcome: 'applied' } })
  },
)

test.each(['__proto__', 'constructor', 'toString', 'a/b ü'])(
  'an extension named %j works like any other',
  async (name) => {
    const tracker = await startTracker()
    const { webhookUrl } = await register(tracker, [name])
    expect((await deliver(webhookUrl, { service: name, status: 'SUCCESS' })).json).toEqual({
      outcome: 'applied',
    })
    const { extensionStatus, status } = await statusOf(tracker)
    expect(status).toBe('success')
    expect(Object.entries(extensionStatus)).toEqual([[name, 'success']])
  },
)

test('an error over 16 KiB is reported by its size only', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const error = { message: 'x'.repeat(20_000) }
  await deliver(webhookUrl, { service: 'remove-bg', status: 'FAILURE', fileId: FILE_ID, error })
  const bytes = JSON.stringify(error).length
  expect((await statusOf(tracker)).extensions).toMatchObject([
    { status: 'failed', error: { truncated: true, bytes } },
  ])
})

test('an error of exactly 16 KiB is reported whole', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const error = 'x'.repeat(16 * 1024 - 2)
  await deliver(webhookUrl, { service: 'remove-bg', status: 'FAILURE', fileId: FILE_ID, error })
  expect((await statusOf(tracker)).extensions[0]?.error).toBe(error)
})

test.each([501, 4000, 4400, 100_000])(
  'an error nested %i deep, more than our limit of 500, settles the run, and only the size of the webhook is reported',
  async (depth) => {
    const tracker = await startTracker()
    const { webhookUrl } = await register(tracker, ['remove-bg'])
    const body = `{"service":"remove-bg","status":"FAILURE","fileId":"${FILE_ID}","error":${nested(depth)}}`
    expect(await deliver(webhookUrl, body)).toMatchObject({ status: 200, json: { outcome: 'applied' } })
    expect((await statusOf(tracker)).extensions).toMatchObject([
      { status: 'failed', error: { truncated: true, bytes: body.length } },
    ])
  },
)

test('an error nested five hundred deep is reported whole', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const error = JSON.parse(nested(500))
  await deliver(webhookUrl, { service: 'remove-bg', status: 'FAILURE', fileId: FILE_ID, error })
  expect((await statusOf(tracker)).extensions[0]?.error).toEqual(error)
})

test.each([
  ['a string', 'it broke'],
  ['null', null],
  ['a number', 7],
  ['a list', [{ a: 1 }]],
  ['an object', { '': '' }],
])('an error that is %s is stored as received', async (_, error) => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  await deliver(webhookUrl, { service: 'remove-bg', status: 'FAILURE', fileId: FILE_ID, error })
  expect((await statusOf(tracker)).extensions[0]).toMatchObject({ status: 'failed', error })
})
