import { createServer, type IncomingMessage, type ServerOptions, type ServerResponse } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AppEnv } from './app-env.ts'

export type HttpServer = {
  /** Resolves with the port once the service can be reached; rejects where the address is taken. */
  listen(host: string, port: number): Promise<number>
  /** Takes no new connection, lets what is under way finish for `drainMs`, then ends the rest. */
  close(drainMs: number): Promise<void>
}

const SERVER_OPTIONS: ServerOptions = {
  // Whole uploads may take long; each read of a body has a time limit of its own.
  requestTimeout: 0,
  headersTimeout: 30_000,
  // Longer than proxies keep theirs (60 s by default): they would send a request on a connection that was just closed here.
  keepAliveTimeout: 75_000,
  // A missing Host is refused as a problem, too.
  requireHostHeader: false,
}

/** `unreadable` answers a request whose address is no URL. */
export function createHttpServer(app: Hono<AppEnv>, unreadable: () => Response): HttpServer {
  const listener = getRequestListener(app.fetch, {
    errorHandler: (error) =>
      error instanceof RequestError ? unreadable() : new Response(null, { status: 500 }),
  })
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void listener(incoming, outgoing)
  const server = createServer(SERVER_OPTIONS, answer)
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
