import type { LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { literalHost } from '../domain/host-address.ts'
import type { TargetRejection } from '../domain/notification.ts'

/** The error for an address that is not allowed. No connection is made. */
export class AddressNotAllowed extends Error {
  constructor() {
    super('The address is not public.')
    this.name = 'AddressNotAllowed'
  }
}

/** Resolves a name to all of its addresses, in the order in which they are tried. */
export type LookupAll = (hostname: string) => Promise<readonly LookupAddress[]>

const lookupAll: LookupAll = (hostname) => systemLookup(hostname, { all: true })

/** Parses a target and checks its scheme and credentials. `createTargetConnector` checks its address. */
export function parseTarget(target: string): URL | TargetRejection {
  if (!URL.canParse(target)) return 'not_a_url'
  const url = new URL(target)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'scheme_not_allowed'
  if (url.username !== '' || url.password !== '') return 'credentials_in_url'
  return url
}

/**
 * Connects only to addresses that `isAllowed` accepts. A name's addresses are checked when they are passed to the socket, so
 * none can change between the check and the connection. For a literal IP address there is no lookup; so it is checked before
 * connecting, as are the names of this machine.
 */
export function createTargetConnector({
  timeoutMs,
  isAllowed,
  lookup = lookupAll,
}: {
  timeoutMs: number
  isAllowed: (address: string) => boolean
  lookup?: LookupAll | undefined
}): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, lookup: guardLookup(lookup, isAllowed) })
  return (options, callback) => {
    const host = literalHost(options.hostname)
    // Asynchronously, like a socket: undici is still processing the request while it requests a connection.
    if (host !== undefined && !isAllowed(host)) queueMicrotask(() => callback(new AddressNotAllowed(), null))
    else connect(options, callback)
  }
}

function guardLookup(lookup: LookupAll, isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname).then(
      (addresses) => {
        const allowed = addresses.filter(({ address }) => isAllowed(address))
        const [first] = allowed
        if (first === undefined) callback(addresses.length > 0 ? new AddressNotAllowed() : notFound(), [])
        else if (options.all) callback(null, allowed)
        else callback(null, first.address, first.family)
      },
      (error: Error) => callback(error, []),
    )
  }
}

function notFound(): Error {
  return Object.assign(new Error('The name has no address.'), { code: 'ENOTFOUND' })
}
