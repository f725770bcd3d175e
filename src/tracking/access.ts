import { hash, timingSafeEqual } from 'node:crypto'
import { TrackerError } from '../domain/errors.ts'

/** Who sends the request. `local`: an anonymous caller, when no key is configured (loopback only). */
export type Caller = { keyName: string; role: 'api' | 'admin' | 'local' }

type NamedSecret = { name: string; secret: string }

export type Access = {
  /**
   * Returns the caller that the key belongs to. Throws `unauthenticated` if a key is required and this one is missing or
   * unknown.
   */
  identify(secret: string | undefined): Caller
  /** Like `identify`, for operators only: throws `forbidden` for an API key. */
  identifyOperator(secret: string | undefined): Caller
}

/**
 * An admin key gives access to all routes, an API key to all but the operators' routes. Once any key is configured, one is
 * required.
 */
export function createAccess(apiKeys: readonly NamedSecret[], adminKeys: readonly NamedSecret[]): Access {
  const keys = [
    ...adminKeys.map((key) => ({ name: key.name, role: 'admin' as const, digest: digestOf(key.secret) })),
    ...apiKeys.map((key) => ({ name: key.name, role: 'api' as const, digest: digestOf(key.secret) })),
  ]
  const identify = (secret: string | undefined): Caller => {
    if (keys.length === 0) return { keyName: 'local', role: 'local' }
    if (secret === undefined) throw new TrackerError('unauthenticated', HOW_TO_SEND_A_KEY)
    const presented = digestOf(secret)
    let caller: Caller | undefined
    // Compare every key, so that the time taken does not reveal which one matched.
    for (const { name, role, digest } of keys) {
      if (timingSafeEqual(digest, presented) && caller === undefined) caller = { keyName: name, role }
    }
    if (caller === undefined) throw new TrackerError('unauthenticated', `Unknown key. ${HOW_TO_SEND_A_KEY}`)
    return caller
  }
  return {
    identify,
    identifyOperator(secret) {
      const caller = identify(secret)
      if (caller.role === 'api')
        throw new TrackerError('forbidden', 'This route requires an admin key; this is an API key.')
      return caller
    },
  }
}

const HOW_TO_SEND_A_KEY =
  'Send a key as "Authorization: Bearer KEY", or as the user name of Basic authentication.'

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}
