import { once } from 'node:events'
import type { Server } from 'node:http'

// How long requests that are under way may take to end once the server stops.
const DRAIN_MS = 1000
const SWEEP_MS = 10

/** Listens and answers the address, with the port that was really taken. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  const taken = typeof address === 'object' && address !== null ? address.port : port
  return `http://${reachableHost(host)}:${taken}`
}

/** An address to listen on everywhere is none to connect to. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** Stops listening, lets requests that are under way end, and cuts off those that take too long. */
export async function shutDown(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  // A connection whose response ends only now would stay open for its keep-alive.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
  const overdue = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(sweep)
  clearTimeout(overdue)
}
