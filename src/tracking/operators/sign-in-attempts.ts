import { createHmac, randomBytes } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { TrackerError } from '../../domain/errors.ts'

type Attempt = { address: string; key: string }

/**
 * Counts failed attempts to sign in by address and by the key that was tried, in memory: a restart forgets them, which costs
 * whoever guesses more than it gives. Nothing is counted for all together, or a few addresses could lock everybody out.
 */
export type SignInAttempts = {
  /** Throws `too_many_attempts`. A right key has no failures, so only those of its own address can stop it. */
  admit(attempt: Attempt): void
  failed(attempt: Attempt): void
}

const WITHIN_MS = 15 * 60_000
const MAX_FAILURES = 10
/** Of addresses and of keys each; the oldest are forgotten first. */
const MAX_REMEMBERED = 10_000

export function createSignInAttempts({ clock }: { clock: () => number }): SignInAttempts {
  const ofAddresses = createFailures(clock)
  const ofKeys = createFailures(clock)
  // A key that was mistyped is almost a real one, and must not be found in a memory dump.
  const salt = randomBytes(32)
  const hashOf = (key: string) => createHmac('sha256', salt).update(key).digest('base64url')
  return {
    admit({ address, key }) {
      if (ofAddresses.count(networkOf(address)) >= MAX_FAILURES || ofKeys.count(hashOf(key)) >= MAX_FAILURES)
        throw new TrackerError(
          'too_many_attempts',
          'Too many attempts to sign in have failed. Wait a quarter of an hour and try again.',
        )
    },
    failed({ address, key }) {
      ofAddresses.add(networkOf(address))
      ofKeys.add(hashOf(key))
    },
  }
}

function createFailures(clock: () => number) {
  const times = new LRUCache<string, readonly number[]>({ max: MAX_REMEMBERED })
  const recent = (name: string) => (times.get(name) ?? []).filter((at) => at > clock() - WITHIN_MS)
  return {
    count: (name: string) => recent(name).length,
    add: (name: string) => times.set(name, [...recent(name).slice(1 - MAX_FAILURES), clock()]),
  }
}

/** Whoever has one IPv6 address has at least 2^64 of them: the first four groups tell them apart. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = ''] = address.split('%')
  const [before = '', after = ''] = head.split('::')
  const left = before === '' ? [] : before.split(':')
  const right = after === '' ? [] : after.split(':')
  const gap = head.includes('::') ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0') : []
  return [...left, ...gap, ...right].slice(0, 4).join(':')
}
