import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { startListening } from './listening.ts'

type ReceivedRequest = { method: string; path: string; headers: IncomingHttpHeaders; body: string }

export type Receiver = {
  port: number
  url: string
  requests: ReceivedRequest[]
  /** How many connections were made to it, whether or not a request came. */
  connections(): number
  /** How many of them are open. */
  openConnections(): number
}

const takeIt: RequestListener = (_request, response) => {
  response.writeHead(200).end()
}

/** A server of a caller's that is notified. It listens on every address of this machine, in both families. */
export async function startReceiver(answer: RequestListener = takeIt): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  let connections = 0
  let open = 0
  const server = createServer(async (request, response) => {
    const body = await text(request)
    const { method = '', url: path = '', headers } = request
    requests.push({ method, path, headers, body })
    answer(request, response)
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
