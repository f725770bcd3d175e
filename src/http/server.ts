import { createServer } from 'node:http'
import type { ExceededLimit } from '../tracking/status/waiting-limit.ts'
import { EarlyResponse, guardConnections } from './broken-requests.ts'
import type { ErrorResponses } from './error-responses.ts'
import type { RequestHandler } from './request-handler.ts'
import { HEADER_LIMIT } from './request-handler.ts'

export type HttpServer = {
  /** Resolves with the port once the service accepts connections; rejects if it can't, for example if the port is in use. */
  listen(host: string, port: number): Promise<number>
  /** Stops accepting connections, waits up to `drainMs` for requests in flight to finish, then closes the rest. */
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
  // Longer than proxies keep idle connections (usually 60 s): otherwise they might send a request on one that was just closed here.
  keepAliveMs: 75_000,
  // Longer than ImageKit may send nothing: five minutes before the response head, and five more before its body.
  stalledMs: 15 * 60_000,
  maxConnections: Number.POSITIVE_INFINITY,
}

/** `malformed` builds the response to a request that never reaches `handler`, such as invalid HTTP, or to a connection beyond the limit. */
export function createHttpServer(
  handler: RequestHandler,
  {
    errorResponses: { malformed },
    noteExceeded,
  }: {
    errorResponses: Pick<ErrorResponses, 'malformed'>
    noteExceeded: (limit: ExceededLimit) => void
  },
  limits: ConnectionLimits,
): HttpServer {
  const server = createServer({
    ServerResponse: EarlyResponse,
    // Uploads may take long; each read of a body has its own time limit.
    requestTimeout: 0,
    headersTimeout: limits.headMs,
    connectionsCheckingInterval: Math.min(Math.ceil(limits.headMs / 3), 5000),
    keepAliveTimeout: limits.keepAliveMs,
    // Node would respond to a missing Host by itself, with an empty 400 instead of a problem (RFC 9457).
    requireHostHeader: false,
  })
  server.timeout = limits.stalledMs
  server.maxHeadersCount = HEADER_LIMIT
  const { maxConnections } = limits
  const acceptRequest = guardConnections(server, { malformed, noteExceeded, maxConnections })
  const handle: RequestHandler = (incoming, outgoing) => {
    if (acceptRequest(incoming, outgoing)) handler(incoming, outgoing)
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

/** At most this many descriptors are reserved for everything but callers: the database, requests to ImageKit and notifications. */
const MAX_RESERVED = 256

/** At most this many callers may wait for a status at once. Half as many were tested; each takes about 20 KiB. */
const MAX_WAITING = 20_000

/**
 * The limits of a process that may open `descriptors` file descriptors: the maximum number of connections, and how many of them
 * may wait for a status. At least a quarter of the connections is reserved for webhooks and all other requests.
 */
export function connectionsFor(descriptors: number): { maxConnections: number; waiting: number } {
  const reserved = Math.min(MAX_RESERVED, Math.ceil(descriptors / 4))
  const maxConnections = Math.max(1, descriptors - reserved)
  return { maxConnections, waiting: Math.min(MAX_WAITING, Math.floor((maxConnections * 3) / 4)) }
}
