import { isIPv6 } from 'node:net'
import { LRUCache } from 'lru-cache'
import { TrackerError } from '../../domain/errors.ts'
import { countSignIn, MAX_SIGN_IN_NAMES, withoutAttempt } from '../../domain/sign-in.ts'
import type { Store } from '../../store/store.ts'
import type { Capability } from '../capability-tokens.ts'

type SignInStore = Pick<Store, 'beginSignIn' | 'forgiveSignIn'>

/**
 * Counts failed attempts to sign in by address and by the key that was tried. Nothing is counted for all together, or a few
 * addresses could lock everybody out.
 */
export type SignInLimit = {
  /**
   * Counts an attempt as failed until it is forgiven. Throws `too_many_attempts`. A right key has no failures, so only those of
   * its own address can stop it.
   */
  begin(attempt: { address: string; key: string }): Promise<{ forgive(): Promise<void> }>
}

/**
 * The store counts for all processes. While it can't be written, each process counts in memory: operators must be able to sign in
 * when something is wrong with the database.
 */
export function createSignInLimit(deps: {
  store: SignInStore
  /** Keys are stored as hashes: one that was mistyped is almost a real one. */
  hash: Pick<Capability, 'sign'>
  clock: () => number
}): SignInLimit {
  const { store, hash, clock } = deps
  const memory = createMemory()
  return {
    async begin({ address, key }) {
      const at = clock()
      const names = [hash.sign(`address ${networkOf(address)}`), hash.sign(`key ${key}`)]
      let counting: SignInStore = store
      let isAllowed: boolean
      try {
        isAllowed = await store.beginSignIn(names, at)
      } catch (error) {
        if (!isUnavailable(error)) throw error
        counting = memory
        isAllowed = await memory.beginSignIn(names, at)
      }
      if (!isAllowed)
        throw new TrackerError(
          'too_many_attempts',
          'Too many attempts to sign in have failed. Wait a quarter of an hour and try again.',
        )
      return { forgive: () => counting.forgiveSignIn(names, at) }
    },
  }
}

function createMemory(): SignInStore {
  const failures = new LRUCache<string, readonly number[]>({ max: MAX_SIGN_IN_NAMES })
  return {
    async beginSignIn(names, at) {
      const counted = countSignIn(
        names.map((name) => failures.get(name) ?? []),
        at,
      )
      for (const [index, name] of names.entries()) if (counted) failures.set(name, counted[index] ?? [])
      return counted !== null
    },
    async forgiveSignIn(names, at) {
      for (const name of names) failures.set(name, withoutAttempt(failures.get(name) ?? [], at))
    },
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof TrackerError && (error.code === 'store_unavailable' || error.code === 'overloaded')
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
