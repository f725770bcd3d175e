import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { HttpBindings } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import { isInNetworks, type Network, normalizeAddress } from '../domain/host-address.ts'
import type { ReaderCredential } from '../tracking/status/authorize-reader.ts'

/**
 * The type of Hono's environment, which every handler's context has. `basePath`: the path of the public URL, such as `/tracker`, or ''.
 * The paths of requests don't contain it; those in responses do.
 */
export type AppEnv = { Bindings: HttpBindings; Variables: { requestId: string; basePath: string } }

export type AppContext = Context<AppEnv>

const MAX_REQUEST_ID_LENGTH = 255

/** The caller's `X-Request-Id` if it is valid; else a new one. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const requested = headers['x-request-id']
  const isValid =
    typeof requested === 'string' && /^[\w\-=]+$/.test(requested) && requested.length <= MAX_REQUEST_ID_LENGTH
  return isValid ? requested : randomUUID()
}

/**
 * Sets `X-Request-Id` on Node's response directly: with `c.header`, every response would need a `Headers` object, which is slow to
 * create.
 */
export const requestId: MiddlewareHandler<AppEnv> = async (c, next) => {
  const id = requestIdOf(c.env.incoming)
  c.set('requestId', id)
  c.env.outgoing.setHeader('X-Request-Id', id)
  await next()
}

/** The key in `Authorization`: a Bearer token, or the user name of Basic (what ImageKit's SDKs send; the password is ignored). */
export function requestKey({ headers }: IncomingMessage): string | undefined {
  const [scheme = '', credentials = ''] = (headers.authorization ?? '').split(/\s+/, 2)
  if (credentials === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (scheme.toLowerCase() !== 'basic') return undefined
  const [userName = ''] = Buffer.from(credentials, 'base64').toString('utf8').split(':', 1)
  return userName === '' ? undefined : userName
}

/** The key in `Authorization`, or the token in `?token=`. `Authorization` takes precedence, even if it contains no key. */
export function requestCredential(incoming: IncomingMessage, query: URLSearchParams): ReaderCredential {
  if (incoming.headers.authorization !== undefined) return { by: 'key', secret: requestKey(incoming) }
  const token = query.get('token')
  return token === null ? { by: 'nothing' } : { by: 'token', token }
}

/** The query parameters of the request. */
export function requestQuery({ url = '' }: IncomingMessage): URLSearchParams {
  const mark = url.indexOf('?')
  return mark === -1 ? EMPTY : new URLSearchParams(url.slice(mark + 1))
}

/** Shared by all requests without a query. */
const EMPTY = new URLSearchParams()

/**
 * The client's address. Each proxy appends the address of its own client to `X-Forwarded-For`. The list is read from the end,
 * for as long as an entry is an address and its writer is trusted; earlier entries may be forged.
 */
export function clientAddress(c: AppContext, trusted: readonly Network[]): string {
  const { socket, headers } = c.env.incoming
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  let address = socket.remoteAddress ?? ''
  for (const entry of forwarded.toReversed()) {
    const previous = entry.trim()
    if (!isInNetworks(address, trusted) || isIP(previous) === 0) break
    address = previous
  }
  return normalizeAddress(address)
}

/** Only the two signature headers are secret. They are stored only with rejected deliveries, for a replay, and are never shown. */
const STORED_HEADERS = [
  'content-type',
  'content-length',
  'content-encoding',
  'user-agent',
  'date',
  'x-ik-requestid',
  'webhook-id',
  'webhook-timestamp',
  'webhook-signature',
  'x-ik-signature',
] as const

/** Selects the headers to store. Others may contain secrets: proxies add keys, identities, and the webhook's URL with its token. */
export function storedHeaders(incoming: IncomingHttpHeaders): { [name: string]: string } {
  const headers: { [name: string]: string } = {}
  for (const name of STORED_HEADERS) {
    const value = incoming[name]
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}
