import { hash, timingSafeEqual } from 'node:crypto'
import { TrackerError } from '../domain/errors.ts'

/** Who asks. `local`: nobody in particular, where no key is configured (loopback only). */
type Caller = { keyName: string; role: 'api' | 'admin' | 'local' }

type NamedSecret = { name: string; secret: string }

export type Access = {
  /** The caller whose key this is. Throws `unauthenticated` where a key is asked for and this is none of them. */
  identify(secret: string | undefined): Caller
  /** As `identify`, for what only an operator may do: throws `forbidden` for a key that opens less. */
  identifyOperator(secret: string | undefined): Caller
}

/** The admin key opens all, the API key all but the operators' routes. Keys that are configured are always asked for. */
export function createAccess(apiKeys: readonly NamedSecret[], adminKeys: readonly NamedSecret[]): Access {
  const keys = [
    ...adminKeys.map((key) => ({ name: key.name, role: 'admin' as const, digest: digestOf(key.secret) })),
    ...apiKeys.map((key) => ({ name: key.name, role: 'api' as const, digest: digestOf(key.secret) })),
  ]
  const identify = (secret: string | undefined): Caller => {
    if (keys.length === 0) return { keyName: 'local', role: 'local' }
    if (secret === undefined) throw new TrackerError('unauthenticated', HOW_TO_SEND_A_KEY)
    const given = digestOf(secret)
    let found: Caller | undefined
    // Every key is compared, so that the time taken does not tell which one was near.
    for (const { name, role, digest } of keys) {
      if (timingSafeEqual(digest, given) && found === undefined) found = { keyName: name, role }
    }
    if (found === undefined)
      throw new TrackerError('unauthenticated', `This key is not known. ${HOW_TO_SEND_A_KEY}`)
    return found
  }
  return {
    identify,
    identifyOperator(secret) {
      const caller = identify(secret)
      if (caller.role === 'api')
        throw new TrackerError('forbidden', 'An admin key is needed here; this is an API key.')
      return caller
    },
  }
}

const HOW_TO_SEND_A_KEY =
  'Send a key as "Authorization: Bearer KEY", or as the user name of Basic authentication.'

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}
