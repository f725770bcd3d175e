import { expect, test } from 'vitest'
import { TrackerError } from '../../../src/domain/errors.ts'
import { MAX_SIGN_IN_NAMES } from '../../../src/domain/sign-in.ts'
import { createCapabilityTokens } from '../../../src/tracking/capability-tokens.ts'
import { createSignInLimit } from '../../../src/tracking/operators/sign-in-limit.ts'

const tooManyAttempts = expect.objectContaining({ code: 'too_many_attempts' })
const { signIn: hash } = createCapabilityTokens(['token-secret-0123456789'])

/** A limit whose store is not writable, so that it counts in memory. */
function limitInMemory({ clock = () => 0 }: { clock?: () => number } = {}) {
  const unavailable = new TrackerError('store_unavailable', 'The disk is full.')
  const reject = () => Promise.reject(unavailable)
  return createSignInLimit({ store: { beginSignIn: reject, forgiveSignIn: reject }, hash, clock })
}

// All addresses of an IPv6 /64 network count as one address.
test.each([
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['2001:db8:1:2::1', '2001:db8:1:2:ffff:1:2:3', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['2001:db8::1', '2001:db8::2', true],
  ['2001:db8::1', '2001:db8:0:1::1', false],
  ['fe80::1%eth0', 'fe80::2%eth1', true],
])('when %s has failed ten times, %s is locked out: %s', async (first, second, isLocked) => {
  const limit = limitInMemory()
  for (let count = 0; count < 10; count += 1) await limit.begin({ address: first, key: `${count}` })
  const attempt = limit.begin({ address: second, key: 'another' })
  if (isLocked) await expect(attempt).rejects.toEqual(tooManyAttempts)
  else await attempt
})

const fromA = (key: string) => ({ address: 'a', key })

test('while the store is not writable, failed attempts count for 15 minutes, and forgiven or rejected ones do not count', async () => {
  let now = 0
  const limit = limitInMemory({ clock: () => now })
  for (let count = 0; count < 10; count += 1) {
    await limit.begin(fromA(`${count}`))
    now += 60_000
  }
  await expect(limit.begin(fromA('10'))).rejects.toEqual(tooManyAttempts)
  // The first attempt no longer counts, so there is room for one.
  now = 15 * 60_000
  await (await limit.begin(fromA('10'))).forgive()
  await limit.begin(fromA('11'))
  await expect(limit.begin(fromA('12'))).rejects.toEqual(tooManyAttempts)
})

test('while the store is not writable, only the most recent addresses and keys are remembered', async () => {
  const limit = limitInMemory()
  for (let count = 0; count < 10; count += 1) await limit.begin({ address: 'first', key: 'first' })
  // Each attempt counts under two names, one for its address and one for its key.
  const attempts = MAX_SIGN_IN_NAMES / 2
  for (let count = 1; count <= attempts; count += 1)
    await limit.begin({ address: `${count}`, key: `${count}` })
  const newest = `${attempts}`
  for (let count = 0; count < 9; count += 1) await limit.begin({ address: newest, key: 'x' })
  await expect(limit.begin({ address: newest, key: 'y' })).rejects.toEqual(tooManyAttempts)
  await limit.begin({ address: 'first', key: 'y' })
})

test('the stored names are the same only in processes with the same secret, and contain neither key nor address', async () => {
  const stored: string[][] = []
  const beginSignIn = async (names: readonly string[]) => {
    stored.push([...names])
    return true
  }
  const store = { beginSignIn, forgiveSignIn: async () => {} }
  for (const secret of ['token-secret-0123456789', 'token-secret-0123456789', 'other-secret-0123456789']) {
    const limit = createSignInLimit({
      store,
      hash: createCapabilityTokens([secret]).signIn,
      clock: () => 0,
    })
    await limit.begin({ address: '192.0.2.1', key: 'almost-the-key' })
  }
  const [first, withSameSecret, withOtherSecret] = stored
  expect(withSameSecret).toEqual(first)
  expect(withOtherSecret).not.toEqual(first)
  expect(new Set([...(first ?? []), ...(withOtherSecret ?? [])]).size).toBe(4)
  expect(JSON.stringify(stored)).not.toMatch(/almost-the-key|192\.0\.2\.1/)
})

test('an unexpected error is thrown, and does not lead to counting in memory', async () => {
  const fail = () => Promise.reject(new Error('a bug'))
  const limit = createSignInLimit({
    store: { beginSignIn: fail, forgiveSignIn: fail },
    hash,
    clock: () => 0,
  })
  await expect(limit.begin(fromA('1'))).rejects.toThrow('a bug')
})
