import type { LookupAddress } from 'node:dns'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createNotificationSender } from '../../src/notify/send-notification.ts'
import { startReceiver } from '../support/receiver.ts'

// Public by every registry, and routed nowhere: it was the 6bone's until 2006.
const PUBLIC: LookupAddress = { address: '3ffe::1', family: 6 }
const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }

function startSender(
  options: { allowPrivateTargets?: boolean; answers?: LookupAddress[][]; timeoutMs?: number } = {},
) {
  const answers = [...(options.answers ?? [])]
  const asked: string[] = []
  const lookup = async (hostname: string) => {
    asked.push(hostname)
    return answers.shift() ?? []
  }
  const sender = createNotificationSender({
    secrets: [],
    allowPrivateTargets: options.allowPrivateTargets ?? false,
    timeoutMs: options.timeoutMs ?? 5_000,
    clock: Date.now,
    ...(options.answers && { lookup }),
  })
  onTestFinished(() => sender.close())
  return { send: (target: string) => sender.send({ notificationId: 'msg_1', target, body: '{}' }), asked }
}

const REFUSED = { kind: 'refused', reason: 'address_not_allowed' }

describe.each([
  '127.0.0.1',
  '127.1',
  '127.8.9.10',
  '0x7f000001',
  '2130706433',
  '0177.0.0.1',
  '127.0.0.1.',
  '0.0.0.0',
  '0',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'hooks.localhost',
])('A target at %s', (host) => {
  test.each(['http', 'https'])('is not connected to by %s', async (scheme) => {
    const receiver = await startReceiver()
    expect(await startSender().send(`${scheme}://${host}:${receiver.port}/hook`)).toEqual(REFUSED)
    expect(receiver.connections()).toBe(0)
  })
})

test.each([
  '127.0.0.1',
  '127.1',
  '0x7f000001',
  '2130706433',
  '0177.0.0.1',
  '[::1]',
  '[::ffff:7f00:1]',
  'localhost',
])('Where private targets are allowed, %s is connected to', async (host) => {
  const receiver = await startReceiver()
  const sender = startSender({ allowPrivateTargets: true })
  expect(await sender.send(`http://${host}:${receiver.port}/hook`)).toMatchObject({ kind: 'delivered' })
  expect(receiver.connections()).toBe(1)
})

test.each([
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '224.0.0.1',
  '255.255.255.255',
  '[fd00:ec2::254]',
  '[fe80::1]',
  '[ff02::1]',
  '[64:ff9b::a9fe:a9fe]',
  '[2002:a9fe:a9fe::]',
  '[::169.254.169.254]',
])('A target at %s is refused', async (host) => {
  expect(await startSender().send(`http://${host}/latest/meta-data/`)).toEqual(REFUSED)
})

describe('A name', () => {
  test.each([
    ['127.0.0.1', 4],
    ['::1', 6],
    ['::ffff:127.0.0.1', 6],
    ['0.0.0.0', 4],
  ] as const)('that resolves to %s is not connected to', async (address, family) => {
    const receiver = await startReceiver()
    const { send, asked } = startSender({ answers: [[{ address, family }]] })
    expect(await send(`http://hooks.example:${receiver.port}/`)).toEqual(REFUSED)
    expect(asked).toEqual(['hooks.example'])
    expect(receiver.connections()).toBe(0)
  })

  test('that resolves to loopback is connected to where private targets are allowed', async () => {
    const receiver = await startReceiver()
    const { send } = startSender({ allowPrivateTargets: true, answers: [[LOOPBACK]] })
    expect(await send(`http://hooks.example:${receiver.port}/`)).toMatchObject({ kind: 'delivered' })
    expect(receiver.requests[0]?.headers.host).toBe(`hooks.example:${receiver.port}`)
  })

  test.each([
    ['first', [LOOPBACK, PUBLIC]],
    ['last', [PUBLIC, LOOPBACK]],
    ['in both families', [{ address: '::1', family: 6 }, PUBLIC, LOOPBACK]],
  ])(
    'that resolves to public and to private addresses has the private %s: none is tried',
    async (_where, addresses) => {
      const receiver = await startReceiver()
      const { send } = startSender({ answers: [addresses], timeoutMs: 400 })
      expect(await send(`http://hooks.example:${receiver.port}/`)).toMatchObject({ kind: 'retry' })
      expect(receiver.connections()).toBe(0)
    },
  )

  test('that changes from public to loopback is asked once per connection, and never followed there', async () => {
    const receiver = await startReceiver()
    const { send, asked } = startSender({ answers: [[PUBLIC], [LOOPBACK], [LOOPBACK]], timeoutMs: 400 })
    const target = `http://hooks.example:${receiver.port}/`
    expect(await send(target)).toMatchObject({ kind: 'retry' })
    expect(asked).toHaveLength(1)
    expect(await send(target)).toEqual(REFUSED)
    expect(asked).toHaveLength(2)
    expect(receiver.connections()).toBe(0)
  })

  test('without any address may have one later', async () => {
    const { send } = startSender({ answers: [[]] })
    const result = await send('http://hooks.example/')
    expect(result).toEqual({ kind: 'retry', retryAfterMs: null, reason: 'name_not_resolved' })
  })
})

test.each([
  ['not_a_url', 'hooks.example/hook'],
  ['scheme_not_allowed', 'file:///etc/passwd'],
  ['credentials_in_url', 'http://user:secret@hooks.example/'],
])('%s is final, whether or not private targets are allowed: %s', async (reason, target) => {
  for (const allowPrivateTargets of [false, true])
    expect(await startSender({ allowPrivateTargets }).send(target)).toEqual({ kind: 'refused', reason })
})
