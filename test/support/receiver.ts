import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { startListening } from './listening.ts'

type ReceivedRequest = { method: string; path: string; headers: IncomingHttpHeaders; body: string }

export type Receiver = {
  port: number
  url: string
  /** The requests whose body has arrived completely. */
  requests: ReceivedRequest[]
  /** The number of connections that were ever opened, with or without a request. */
  connections(): number
  /** The number of connections that are open now. */
  openConnections(): number
}

const respondOk: RequestListener = (_request, response) => {
  response.writeHead(200).end()
}

/** Starts a server that records requests, such as notifications. It listens on every IPv4 and IPv6 address of this machine. */
export async function startReceiver(respond: RequestListener = respondOk): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  let connections = 0
  let open = 0
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { method = '', url: path = '', headers } = request
    requests.push({ method, path, headers, body })
    respond(request, response)
  })
  server.on('connection', (socket) => {
    connections += 1
    open += 1
    socket.on('close', () => {
      open -= 1
    })
  })
  const url = await startListening(server, '::')
  return {
    port: Number(new URL(url).port),
    url: `${url}/hook`,
    requests,
    connections: () => connections,
    openConnections: () => open,
  }
}
