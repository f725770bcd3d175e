import { expect, test } from 'vitest'
import { isInNetworks } from '../../../src/domain/host-address.ts'
import { LOCAL, parse, problemsOf } from './parse-env.ts'

test('proxies can be given as addresses and networks', () => {
  const { trustedProxies } = parse({ ...LOCAL, TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7,2001:db8::/32 ,::1' })
  const trusts = (address: string) => isInNetworks(address, trustedProxies)
  expect(['10.255.0.1', '192.0.2.7', '2001:db8:ffff::1', '::1'].map(trusts)).toEqual([true, true, true, true])
  expect(['11.0.0.1', '192.0.2.8', '2001:db9::1', '::2'].map(trusts)).toEqual([false, false, false, false])
})

test('without the variable no proxy is trusted', () => {
  expect(isInNetworks('127.0.0.1', parse(LOCAL).trustedProxies)).toBe(false)
})

test.each([
  'nginx',
  '10.0.0.0/33',
  '::1/129',
  '10.0.0.0/8/8',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0',
  '10.0/8',
  '010.0.0.0/8',
  '0x0a000000/8',
  '10.0.0.0/255.0.0.0',
  '1.2.3.4,',
])('%s is a problem', (text) => {
  expect(problemsOf({ ...LOCAL, TRUSTED_PROXIES: text })).toEqual([
    expect.stringContaining('TRUSTED_PROXIES'),
  ])
})

test('an IPv4-mapped address is trusted like its IPv4 address, and a text that is not an address is never trusted', () => {
  const { trustedProxies } = parse({ ...LOCAL, TRUSTED_PROXIES: '10.0.0.0/8' })
  const trusts = (address: string) => isInNetworks(address, trustedProxies)
  expect(['::ffff:10.0.0.1', '::ffff:a00:1'].map(trusts)).toEqual([true, true])
  expect(['::ffff:11.0.0.1', '10.1', '012.0.0.1', '', 'localhost'].map(trusts)).toEqual(Array(5).fill(false))
})
