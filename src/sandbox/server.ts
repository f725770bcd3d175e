import { once } from 'node:events'
import type { Server } from 'node:http'
import { urlHost } from '../domain/host-address.ts'

/** The time that requests in progress have to finish after `shutDown` is called. */
const DRAIN_MS = 1000

/** How often `shutDown` closes the connections that have become idle. */
const CLOSE_IDLE_EVERY_MS = 10

/** Listens, and resolves with the URL of the server. If `port` is 0, the URL has the port that the system has chosen. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${reachableHost(host)}:${actualPort}`
}

/** On some systems, clients cannot connect to a wildcard address. */
function reachableHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : urlHost(host)
}

/** Stops listening, lets requests in progress finish, and closes the connections of requests that take too long. */
export async function shutDown(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  // A connection that becomes idle after close() would stay open until its keep-alive timeout.
  const closingIdle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS)
  const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(closingIdle)
  clearTimeout(deadline)
}
