import { isIPv6 } from 'node:net'
import { TrackerError } from '../../domain/errors.ts'

/** Counts failed attempts to sign in, in memory: a restart forgets them, which costs whoever guesses more than it gives. */
export type SignInAttempts = {
  /** Throws `too_many_attempts`. */
  admit(address: string): void
  failed(address: string): void
}

const WITHIN_MS = 15 * 60_000
const MAX_PER_ADDRESS = 10
const MAX_IN_ALL = 100

export function createSignInAttempts({ clock }: { clock: () => number }): SignInAttempts {
  let failures: { at: number; from: string }[] = []
  return {
    admit(address) {
      const from = networkOf(address)
      failures = failures.filter(({ at }) => at > clock() - WITHIN_MS)
      const ofAddress = failures.filter((failure) => failure.from === from).length
      if (ofAddress >= MAX_PER_ADDRESS || failures.length >= MAX_IN_ALL)
        throw new TrackerError(
          'too_many_attempts',
          'Too many attempts to sign in have failed. Wait a quarter of an hour and try again.',
        )
    },
    failed(address) {
      failures.push({ at: clock(), from: networkOf(address) })
    },
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
