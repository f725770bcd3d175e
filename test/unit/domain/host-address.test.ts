import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  isLoopbackHost,
  isPrivateHost,
  isPublicAddress,
  normalizeAddress,
} from '../../../src/domain/host-address.ts'

describe('IPv4', () => {
  // The first and last address of a range that is not public, and its neighbours on both sides; null where there is none.
  test.each([
    ['0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
    ['10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
    ['100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
    ['127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
    ['168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
    ['169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
    ['172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
    ['192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
    ['192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
    ['192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
    ['192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
    ['198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
    ['198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
    ['203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
    ['224.0.0.0', '255.255.255.255', '223.255.255.255', null],
  ])(
    'The range from %s to %s is not public at its ends, its neighbours are',
    (first, last, before, after) => {
      expect([first, last].map(isPublicAddress)).toEqual([false, false])
      for (const neighbour of [before, after])
        if (neighbour !== null) expect(isPublicAddress(neighbour)).toBe(true)
    },
  )

  test.each(['169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16'])(
    'The address %s, of services that a cloud provides only to its own machines, is not public',
    (address) => expect(isPublicAddress(address)).toBe(false),
  )
})

describe('IPv6', () => {
  test.each([
    ['unspecified', '::'],
    ['loopback', '::1'],
    ['IPv4-mapped', '::ffff:127.0.0.1'],
    ['IPv4-mapped, of a public address', '::ffff:8.8.8.8'],
    ['IPv4-mapped, in hexadecimal', '::ffff:7f00:1'],
    ['IPv4-compatible', '::127.0.0.1'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'],
    ['NAT64', '64:ff9b::127.0.0.1'],
    ['NAT64, local use', '64:ff9b:1::a00:1'],
    ['discard-only', '100::1'],
    ['Teredo', '2001:0:7f00:1::'],
    ['benchmarking', '2001:2::1'],
    ['ORCHIDv2', '2001:20::1'],
    ['protocol assignments, the last address', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['documentation', '2001:db8::1'],
    ['documentation, the newer range', '3fff:fff::1'],
    ['6to4', '2002:7f00:1::'],
    ['segment routing', '5f00::1'],
    ['unique-local', 'fc00::1'],
    ['AWS metadata', 'fd00:ec2::254'],
    ['link-local', 'fe80::1'],
    ['link-local with a zone', 'fe80::1%lo'],
    ['site-local', 'fec0::1'],
    ['multicast', 'ff02::1'],
    ['unallocated', '4000::1'],
    ['the last address before global unicast', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s is not public', (_name, address) => expect(isPublicAddress(address)).toBe(false))

  // Two ordinary addresses, and addresses close to ranges that are not public.
  test.each([
    '2606:4700::1111',
    '2a00:1450::1',
    '2001:200::1',
    '2003::1',
    '2001:db7::1',
    '2001:db9::1',
    '3ffe::1',
  ])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true))

  test('No address with a well-known prefix for embedded IPv4 addresses is public, in dotted or hexadecimal notation', () => {
    const prefixes = fc.constantFrom('::', '::ffff:', '::ffff:0:', '64:ff9b::', '64:ff9b:1::')
    fc.assert(
      fc.property(prefixes, fc.ipV4(), (prefix, ipv4) => {
        const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number)
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
        expect([`${prefix}${ipv4}`, `${prefix}${hex}`, `2002:${hex}::1`].map(isPublicAddress)).toEqual([
          false,
          false,
          false,
        ])
      }),
    )
  })

  test('All public addresses are in global unicast, 2000::/3', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const first = address.startsWith(':') ? 0 : Number.parseInt(address, 16)
        if (first < 0x2000 || first > 0x3fff) expect(isPublicAddress(address)).toBe(false)
      }),
    )
  })
})

test.each([
  '',
  'localhost',
  'example.com',
  '127.1',
  '8.8.8',
  '0x7f000001',
  '0x08.8.8.8',
  '010.8.8.8',
  '2130706433',
  '134744072',
  '[::1]',
  ' 8.8.8.8',
  '8.8.8.8.',
])('A text that is not an address is not public: "%s"', (text) => expect(isPublicAddress(text)).toBe(false))

test.each(['localhost', 'app.LOCALHOST', '127.0.0.1', '127.255.0.1', '::1', '[::1]', '::ffff:127.0.0.1'])(
  '%s can only be this machine',
  (host) => expect(isLoopbackHost(host)).toBe(true),
)

test.each([
  '',
  'localhost.example',
  '126.0.0.1',
  '0.0.0.0',
  '::',
  '::2',
  '127.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
])('"%s" does not count as a host that can only be this machine', (host) =>
  expect(isLoopbackHost(host)).toBe(false),
)

test('The host of a URL is private if it is a private address or a name of this machine, also with a trailing dot', () => {
  // `URL` expands the short and hexadecimal forms of IPv4 addresses.
  const privateUrls = [
    'http://[::1]/',
    'http://10.1/',
    'http://0x7f.1/',
    'http://localhost./',
    'http://[::ffff:a9fe:a9fe]/',
  ]
  expect(privateUrls.map((url) => isPrivateHost(new URL(url).hostname))).toEqual(privateUrls.map(() => true))
  const otherUrls = ['http://example.com/', 'http://8.8.8.8/', 'http://[2606:4700::1111]/']
  expect(otherUrls.map((url) => isPrivateHost(new URL(url).hostname))).toEqual(otherUrls.map(() => false))
})

test.each([
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1:443', '192.0.2.1:443'],
  ['', ''],
])('The text "%s" is normalised to "%s"', (text, normalized) =>
  expect(normalizeAddress(text)).toBe(normalized),
)
