import { createServer, type Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import type { AppEnv } from './app-env.ts'

export type HttpServer = {
  /** Resolves with the port once the service can be reached; rejects where the address is taken. */
  listen(host: string, port: number): Promise<number>
  /** Takes no new connection, lets what is under way finish for `drainMs`, then ends the rest. */
  close(drainMs: number): Promise<void>
}

export function createHttpServer(app: Hono<AppEnv>): HttpServer {
  const server = createAdaptorServer({
    fetch: app.fetch,
    createServer,
    // Whole uploads may take long; each read of a body has a time limit of its own.
    serverOptions: { requestTimeout: 0, headersTimeout: 30_000, keepAliveTimeout: 10_000 },
  }) as Server
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
