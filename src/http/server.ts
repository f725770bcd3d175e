import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { ExceededLimit } from '../tracking/waiting-limit.ts'
import type { AppEnv } from './app-env.ts'
import { EarlyResponse, guardConnections } from './broken-requests.ts'
import type { DirectRoutes } from './direct-routes.ts'
import type { ErrorAnswers } from './error-answers.ts'
import { headersObject, writeAnswer } from './plain-answer.ts'

export type HttpServer = {
  /** Resolves with the port once the service can be reached; rejects where the address is taken. */
  listen(host: string, port: number): Promise<number>
  /** Takes no new connection, lets what is under way finish for `drainMs`, then ends the rest. */
  close(drainMs: number): Promise<void>
}

export type ConnectionLimits = {
  /** How long the head of a request may take, and a new connection be silent, in milliseconds. */
  headMs: number
  /** How long a connection is kept for its next request, in milliseconds. */
  keepAliveMs: number
  /** How long nothing may move while a request is answered, in milliseconds: it ends a caller who does not read. */
  stalledMs: number
  maxConnections: number
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  headMs: 30_000,
  // Longer than proxies keep theirs (60 s by default): they would send a request on a connection that was just closed here.
  keepAliveMs: 75_000,
  // Longer than the longest silence while ImageKit is waited for: five minutes for its head and five for its body.
  stalledMs: 15 * 60_000,
  maxConnections: Number.POSITIVE_INFINITY,
}

/** Requests with more are rejected: Node would silently drop the rest, and the service would check other headers than were sent. */
const MAX_HEADERS = 200

/** `direct` is asked before `app`. */
type Beside = {
  direct: DirectRoutes
  errorAnswers: Pick<ErrorAnswers, 'unreadable' | 'unanswered'>
  noteExceeded: (limit: ExceededLimit) => void
}

/** `unreadable` answers a request that never comes to `app`, `unanswered` one that comes out of it without an answer. */
export function createHttpServer(
  app: Pick<Hono<AppEnv>, 'fetch'>,
  { direct, errorAnswers: { unreadable, unanswered }, noteExceeded }: Beside,
  limits: ConnectionLimits,
): HttpServer {
  const listener = getRequestListener(app.fetch, {
    // It would close the connection half a second after the response, and lose the response.
    autoCleanupIncoming: false,
    errorHandler(error) {
      const isUnreadable = error instanceof RequestError
      const { status, headers, body } = isUnreadable
        ? unreadable('invalid_input', BAD_ADDRESS)
        : unanswered(error)
      return new Response(body, { status, headers: headersObject(headers) })
    },
  })
  const server = createServer({
    ServerResponse: EarlyResponse,
    // Whole uploads may take long; each read of a body has a time limit of its own.
    requestTimeout: 0,
    headersTimeout: limits.headMs,
    connectionsCheckingInterval: Math.min(Math.ceil(limits.headMs / 3), 5000),
    keepAliveTimeout: limits.keepAliveMs,
    // A missing Host is refused as a problem, too.
    requireHostHeader: false,
  })
  server.timeout = limits.stalledMs
  server.maxHeadersCount = MAX_HEADERS
  const { maxConnections } = limits
  const mayBegin = guardConnections(server, { unreadable, noteExceeded, maxConnections })
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!mayBegin(incoming, outgoing)) return
    if (incoming.rawHeaders.length < 2 * MAX_HEADERS) {
      if (!direct({ incoming, outgoing })) void listener(incoming, outgoing)
      return
    }
    writeAnswer(outgoing, unreadable('headers_too_large', TOO_MANY_HEADERS, incoming.url), [
      'Connection',
      'close',
    ])
  }
  server.on('request', answer)
  // Node would answer an unknown `Expect` by itself, without a request id.
  server.on('checkExpectation', answer)
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
