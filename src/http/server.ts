import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { ExceededLimit } from '../tracking/waiting-limit.ts'
import type { AppEnv } from './app-env.ts'
import { EarlyResponse, guardConnections } from './broken-requests.ts'
import type { ErrorResponses } from './error-responses.ts'
import type { FastPaths } from './fast-paths.ts'
import { headersObject, writeResponse } from './plain-response.ts'

export type HttpServer = {
  /** Resolves with the port once the service accepts connections; rejects if the address is in use. */
  listen(host: string, port: number): Promise<number>
  /** Stops accepting connections, lets requests in flight finish for `drainMs`, then closes the rest. */
  close(drainMs: number): Promise<void>
}

export type ConnectionLimits = {
  /** How long a request head may take, and how long a new connection may send nothing, in milliseconds. */
  headMs: number
  /** How long an idle connection is kept open for its next request, in milliseconds. */
  keepAliveMs: number
  /** How long a connection may transfer nothing during a request, in milliseconds. Disconnects callers that don't read. */
  stalledMs: number
  maxConnections: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  headMs: 30_000,
  // Longer than proxies keep theirs (60 s by default): otherwise they might send a request on a connection just closed here.
  keepAliveMs: 75_000,
  // Longer than the longest wait for ImageKit: five minutes for the response head and five for its body.
  stalledMs: 15 * 60_000,
  maxConnections: Number.POSITIVE_INFINITY,
}

/** Requests with more headers are rejected: Node would silently drop the rest, and the checks would not see them. */
const MAX_HEADERS = 200

type HttpServerDeps = {
  /** Tried before `app`. */
  fastPaths: FastPaths
  errorResponses: Pick<ErrorResponses, 'malformed' | 'unhandled'>
  noteExceeded: (limit: ExceededLimit) => void
}

/** `malformed` responds to a request that never reaches `app`, `unhandled` to one for which `app` fails to respond. */
export function createHttpServer(
  app: Pick<Hono<AppEnv>, 'fetch'>,
  { fastPaths, errorResponses: { malformed, unhandled }, noteExceeded }: HttpServerDeps,
  limits: ConnectionLimits,
): HttpServer {
  const listener = getRequestListener(app.fetch, {
    // The automatic cleanup would close the connection half a second after the response, and the response would be lost.
    autoCleanupIncoming: false,
    errorHandler(error) {
      const isMalformed = error instanceof RequestError
      const { status, headers, body } = isMalformed
        ? malformed('invalid_input', BAD_ADDRESS)
        : unhandled(error)
      return new Response(body, { status, headers: headersObject(headers) })
    },
  })
  const server = createServer({
    ServerResponse: EarlyResponse,
    // Uploads may take long; each read of a body has its own time limit.
    requestTimeout: 0,
    headersTimeout: limits.headMs,
    connectionsCheckingInterval: Math.min(Math.ceil(limits.headMs / 3), 5000),
    keepAliveTimeout: limits.keepAliveMs,
    // A missing Host must be rejected as a problem, too.
    requireHostHeader: false,
  })
  server.timeout = limits.stalledMs
  server.maxHeadersCount = MAX_HEADERS
  const { maxConnections } = limits
  const acceptRequest = guardConnections(server, { malformed, noteExceeded, maxConnections })
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!acceptRequest(incoming, outgoing)) return
    if (incoming.rawHeaders.length < 2 * MAX_HEADERS) {
      if (!fastPaths({ incoming, outgoing })) void listener(incoming, outgoing)
      return
    }
    writeResponse(outgoing, malformed('headers_too_large', TOO_MANY_HEADERS, incoming.url), [
      'Connection',
      'close',
    ])
  }
  server.on('request', handle)
  // Node would respond to an unknown `Expect` by itself, without a request id.
  server.on('checkExpectation', handle)
  return {
    listen(host, port) {
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          const address = server.address()
          resolve(typeof address === 'object' && address !== null ? address.port : port)
        })
      })
    },
    async close(drainMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A connection that was busy at the start of the drain stays open for its next request unless it is ended.
      const sweep = setInterval(() => server.closeIdleConnections(), 50)
      const deadline = setTimeout(() => server.closeAllConnections(), drainMs)
      await closed
      clearInterval(sweep)
      clearTimeout(deadline)
    },
  }
}

const BAD_ADDRESS = 'The address or the Host header of the request is not valid.'
const TOO_MANY_HEADERS = `The request should have fewer than ${MAX_HEADERS} headers.`
