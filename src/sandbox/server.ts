import { once } from 'node:events'
import type { Server } from 'node:http'
import { urlHost } from '../domain/host-address.ts'

// The time that requests in progress have to finish once the server stops.
const DRAIN_MS = 1000
const SWEEP_MS = 10

/** Listens, and returns the address with the actual port. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const actualPort = typeof address === 'object' && address !== null ? address.port : port
  return `http://${reachableHost(host)}:${actualPort}`
}

/** Clients cannot connect to a wildcard address. */
function reachableHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : urlHost(host)
}

/** Stops listening, lets requests in progress finish, and closes the connections of those that take too long. */
export async function shutDown(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  // A connection that becomes idle after close() would stay open until its keep-alive timeout.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(deadline)
}
