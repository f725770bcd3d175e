import type { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import { createConnections } from './connections.ts'
import { isTimeout, pickHeaders, RESPONSE_HEADERS } from './exchange.ts'
import type { ForwardedRoute } from './forwarded-routes.ts'
import { authorizationOf } from './private-key.ts'

/** The headers of the caller's request that are forwarded. All others stay here: its key, cookies, and what proxies have added. */
const REQUEST_HEADERS = ['accept', 'if-modified-since', 'if-none-match']

/** Beside those of any response: how it may be cached. */
const CACHE_HEADERS = [
  'cache-control',
  'content-encoding',
  'content-length',
  'etag',
  'expires',
  'last-modified',
]

/** Far more than the longest list. Larger responses are aborted. */
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024

type Headers = { [name: string]: string | string[] | undefined }

/**
 * ImageKit's response, whose body is still arriving; or why there is none. `redirected`: redirects are not followed, because the
 * private key must not be sent elsewhere.
 */
export type Forwarded =
  | { kind: 'responded'; status: number; headers: { [name: string]: string }; body: Readable }
  | { kind: 'redirected'; status: number }
  | { kind: 'broken'; timedOut: boolean; cause: unknown }

/** Forwards requests of callers to ImageKit's API with our private key. */
export function createForwarder(options: {
  privateKey: string
  apiUrl: string
  /** How long ImageKit may send nothing, in milliseconds. */
  timeoutMs: number
  /** Traces the requests. */
  trace?: Dispatcher.DispatcherComposeInterceptor | undefined
}) {
  const { timeoutMs, apiUrl, trace } = options
  const { dispatcher, close } = createConnections({ timeoutMs, maxResponseBytes: MAX_RESPONSE_BYTES, trace })
  const authorization = authorizationOf(options.privateKey)
  return {
    async forward(forwarded: {
      method: ForwardedRoute['method']
      /** The path and the query, as the caller has sent them. */
      target: string
      headers: Headers
      /** JSON, as it was received; null if the route has no body. */
      body: Buffer | null
      signal?: AbortSignal
    }): Promise<Forwarded> {
      const { method, target, body, signal } = forwarded
      try {
        const response = await request(`${apiUrl}${target}`, {
          method,
          headers: {
            ...pickHeaders(forwarded.headers, REQUEST_HEADERS),
            authorization,
            ...(body !== null && { 'content-type': 'application/json' }),
          },
          body,
          dispatcher,
          ...(signal && { signal }),
        })
        const { statusCode: status } = response
        if (status >= 300 && status < 400 && status !== 304) {
          await response.body.dump()
          return { kind: 'redirected', status }
        }
        // Its reader gets an error, too. Without a listener, that of a body which is discarded would end the process.
        response.body.on('error', () => {})
        const headers = pickHeaders(response.headers, [...RESPONSE_HEADERS, ...CACHE_HEADERS])
        return { kind: 'responded', status, headers, body: response.body }
      } catch (cause) {
        return { kind: 'broken', timedOut: isTimeout(cause), cause }
      }
    },

    /** Aborts requests in flight. */
    close,
  }
}

/** The ids of the files that ImageKit has deleted, from its response to a deletion of several files. */
export function readDeletedFileIds(text: string): string[] {
  const json: unknown = parse(text)
  if (typeof json !== 'object' || json === null || !('successfullyDeletedFileIds' in json)) return []
  const { successfullyDeletedFileIds: ids } = json
  return Array.isArray(ids) ? ids.filter((id) => typeof id === 'string') : []
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
