import { expect, test } from 'vitest'
import { LOCAL, parse, problemsOf } from './parsed.ts'

test('proxies can be given as addresses and networks', () => {
  const { trustedProxies } = parse({ ...LOCAL, TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7,2001:db8::/32 ,::1' })
  const trusts = (address: string) => trustedProxies.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
  expect(['10.255.0.1', '192.0.2.7', '2001:db8:ffff::1', '::1'].map(trusts)).toEqual([true, true, true, true])
  expect(['11.0.0.1', '192.0.2.8', '2001:db9::1', '::2'].map(trusts)).toEqual([false, false, false, false])
})

test('without the variable no proxy is trusted', () => {
  expect(parse(LOCAL).trustedProxies.check('127.0.0.1')).toBe(false)
})

test.each([
  'nginx',
  '10.0.0.0/33',
  '::1/129',
  '10.0.0.0/8/8',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0',
  '1.2.3.4,',
])('%s is a problem', (text) => {
  expect(problemsOf({ ...LOCAL, TRUSTED_PROXIES: text })).toEqual([
    expect.stringContaining('TRUSTED_PROXIES'),
  ])
})
