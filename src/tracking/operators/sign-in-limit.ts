import { LRUCache } from 'lru-cache'
import { TrackerError } from '../../domain/errors.ts'
import { networkOf } from '../../domain/host-address.ts'
import { countSignIn, MAX_SIGN_IN_NAMES, withoutAttempt } from '../../domain/sign-in.ts'
import type { Store } from '../../store/store.ts'
import type { Capability } from '../capability-tokens.ts'

export type SignInStore = Pick<Store, 'beginSignIn' | 'forgiveSignIn'>

/**
 * Counts failed sign-in attempts per network (`networkOf`) and per key. There is no overall count: with one, a few addresses could
 * lock everyone out.
 */
export type SignInLimit = {
  /**
   * Counts an attempt as failed until it is forgiven. Throws `too_many_attempts`. Attempts with a valid key are forgiven, so apart
   * from attempts in progress, only failures from the same network can block a valid key.
   */
  begin(attempt: { address: string; key: string }): Promise<{ forgive(): Promise<void> }>
}

/**
 * The store counts for all processes. While it is unavailable or overloaded, each process counts in memory: operators must be able
 * to sign in when something is wrong with the database.
 */
export function createSignInLimit(deps: {
  store: SignInStore
  /** Hashes addresses and keys before they are stored, because a mistyped key is almost a real one. */
  hash: Pick<Capability, 'sign'>
  clock: () => number
}): SignInLimit {
  const { store, hash, clock } = deps
  const memory = createMemoryStore()
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
          'Too many failed sign-in attempts. Wait 15 minutes and try again.',
        )
      return { forgive: () => counting.forgiveSignIn(names, at) }
    },
  }
}

function createMemoryStore(): SignInStore {
  // With `max`, the cache would allocate the space of all entries at once.
  const failures = new LRUCache<string, readonly number[]>({
    maxSize: MAX_SIGN_IN_NAMES,
    sizeCalculation: () => 1,
  })
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
