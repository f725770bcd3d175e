import { expect, test } from 'vitest'
import { createSignInAttempts } from '../../../src/tracking/operators/sign-in-attempts.ts'

const shut = expect.objectContaining({ code: 'too_many_attempts' })

function failTenTimes(address: string) {
  const attempts = createSignInAttempts({ clock: () => 0 })
  for (let count = 0; count < 10; count += 1) {
    attempts.admit({ address, key: `${count}` })
    attempts.failed({ address, key: `${count}` })
  }
  return attempts
}

test.each([
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff:1:2:3', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['2001:db8::1', '2001:db8::2', true],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['fe80::1%eth0', 'fe80::2%eth1', true],
])('when %s has failed ten times, %s is shut out: %s', (first, second, isShut) => {
  const attempts = failTenTimes(first)
  const attempt = { address: second, key: 'another' }
  if (isShut) expect(() => attempts.admit(attempt)).toThrow(shut)
  else expect(() => attempts.admit(attempt)).not.toThrow()
})

const fromA = (key: string) => ({ address: 'a', key })

test('failures count for a quarter of an hour each, not all together', () => {
  let now = 0
  const attempts = createSignInAttempts({ clock: () => now })
  for (let count = 0; count < 10; count += 1) {
    attempts.failed(fromA(`${count}`))
    now += 60_000
  }
  expect(() => attempts.admit(fromA('10'))).toThrow(shut)
  now = 15 * 60_000
  expect(() => attempts.admit(fromA('10'))).not.toThrow()
  attempts.failed(fromA('10'))
  expect(() => attempts.admit(fromA('11'))).toThrow(shut)
})

test('of many addresses and keys the newest are remembered, however many come', () => {
  const attempts = createSignInAttempts({ clock: () => 0 })
  for (let count = 0; count < 10; count += 1) attempts.failed({ address: 'first', key: 'first' })
  for (let count = 0; count < 30_000; count += 1) attempts.failed({ address: `${count}`, key: `${count}` })
  for (let count = 0; count < 9; count += 1) attempts.failed({ address: '29999', key: 'x' })
  expect(() => attempts.admit({ address: '29999', key: 'y' })).toThrow(shut)
  expect(() => attempts.admit({ address: 'first', key: 'y' })).not.toThrow()
})
