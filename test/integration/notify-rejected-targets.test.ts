import type { LookupAddress } from 'node:dns'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createNotificationSender } from '../../src/notifications/send-notification.ts'
import { startReceiver } from '../support/receiver.ts'

// A public address to which no connection succeeds: it belonged to the 6bone, a test network that was shut down in 2006.
const PUBLIC: LookupAddress = { address: '3ffe::1', family: 6 }
const LOOPBACK: LookupAddress = { address: '127.0.0.1', family: 4 }

/**
 * `resolved`: the addresses that each lookup of a host name returns, in order; without it, real lookups are made. `lookups`: the names that
 * were looked up, if `resolved` is given.
 */
function startSender(
  options: { allowPrivateTargets?: boolean; resolved?: LookupAddress[][]; timeoutMs?: number } = {},
) {
  const addresses = [...(options.resolved ?? [])]
  const lookups: string[] = []
  const lookup = async (hostname: string) => {
    lookups.push(hostname)
    return addresses.shift() ?? []
  }
  const sender = createNotificationSender({
    secrets: [],
    allowPrivateTargets: options.allowPrivateTargets ?? false,
    timeoutMs: options.timeoutMs ?? 5_000,
    clock: Date.now,
    ...(options.resolved && { lookup }),
  })
  onTestFinished(() => sender.close())
  return { send: (target: string) => sender.send({ notificationId: 'msg_1', target, body: '{}' }), lookups }
}

const REJECTED = { kind: 'rejected', reason: 'address_not_allowed' }

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
  test.each(['http', 'https'])('is not called over %s', async (scheme) => {
    const receiver = await startReceiver()
    expect(await startSender().send(`${scheme}://${host}:${receiver.port}/hook`)).toEqual(REJECTED)
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
])('With private targets allowed, %s is called', async (host) => {
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
])('A target at %s is rejected', async (host) => {
  expect(await startSender().send(`http://${host}/latest/meta-data/`)).toEqual(REJECTED)
})

describe('A host name', () => {
  test.each([
    ['127.0.0.1', 4],
    ['::1', 6],
    ['::ffff:127.0.0.1', 6],
    ['0.0.0.0', 4],
  ] as const)('that resolves to %s is not called', async (address, family) => {
    const receiver = await startReceiver()
    const { send, lookups } = startSender({ resolved: [[{ address, family }]] })
    expect(await send(`http://hooks.example:${receiver.port}/`)).toEqual(REJECTED)
    expect(lookups).toEqual(['hooks.example'])
    expect(receiver.connections()).toBe(0)
  })

  test('that resolves to loopback is called if private targets are allowed', async () => {
    const receiver = await startReceiver()
    const { send } = startSender({ allowPrivateTargets: true, resolved: [[LOOPBACK]] })
    expect(await send(`http://hooks.example:${receiver.port}/`)).toMatchObject({ kind: 'delivered' })
    expect(receiver.requests[0]?.headers.host).toBe(`hooks.example:${receiver.port}`)
  })

  test.each([
    ['a private and a public address', [LOOPBACK, PUBLIC]],
    ['a public and a private address', [PUBLIC, LOOPBACK]],
    [
      'private addresses of both families and a public address',
      [{ address: '::1', family: 6 }, PUBLIC, LOOPBACK],
    ],
  ])(
    'that resolves to %s is not called at a private address, and is tried again later',
    async (_, addresses) => {
      const receiver = await startReceiver()
      const { send } = startSender({ resolved: [addresses], timeoutMs: 400 })
      expect(await send(`http://hooks.example:${receiver.port}/`)).toMatchObject({ kind: 'retry' })
      expect(receiver.connections()).toBe(0)
    },
  )

  test('whose address changes from public to loopback is resolved once per attempt, and rejected at the second', async () => {
    const receiver = await startReceiver()
    // Two attempts make two lookups. The third entry is only for an attempt that wrongly makes another one.
    const { send, lookups } = startSender({ resolved: [[PUBLIC], [LOOPBACK], [LOOPBACK]], timeoutMs: 400 })
    const target = `http://hooks.example:${receiver.port}/`
    expect(await send(target)).toMatchObject({ kind: 'retry' })
    expect(lookups).toHaveLength(1)
    expect(await send(target)).toEqual(REJECTED)
    expect(lookups).toHaveLength(2)
    expect(receiver.connections()).toBe(0)
  })

  test('that has no address is tried again later', async () => {
    const { send } = startSender({ resolved: [[]] })
    const result = await send('http://hooks.example/')
    expect(result).toEqual({ kind: 'retry', status: null, retryAfterMs: null, reason: 'name_not_resolved' })
  })
})

test.each([
  ['not_a_url', 'hooks.example/hook'],
  ['scheme_not_allowed', 'file:///etc/passwd'],
  ['credentials_in_url', 'http://user:secret@hooks.example/'],
])('%s: the target %s is rejected, whether or not private targets are allowed', async (reason, target) => {
  for (const allowPrivateTargets of [false, true])
    expect(await startSender({ allowPrivateTargets }).send(target)).toEqual({ kind: 'rejected', reason })
})
