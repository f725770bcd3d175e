import { connect, type Socket } from 'node:net'

/**
 * How a socket occupies a connection: `silent` sends nothing, `dripping` sends a head that never ends, and `started` sends a head
 * and only the first byte of its body.
 */
export type Idling = 'silent' | 'dripping' | 'started'

export type IdleSocket = {
  /** Sends another byte if the socket is `dripping`. */
  drip(): void
  destroy(): void
  received(): string
  isOpen(): boolean
}

/** By default, Linux has 28,000 ports for outgoing connections from one address. More sockets need several addresses. */
const LOCAL_ADDRESSES = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']

/** Resolves once the socket is connected and its first bytes, if any, are written. */
export function openIdleSocket(
  url: URL,
  index: number,
  idling: Idling,
  webhookPath: string,
): Promise<IdleSocket> {
  return new Promise((resolve, reject) => {
    const localAddress = LOCAL_ADDRESSES[index % LOCAL_ADDRESSES.length]
    const socket: Socket = connect({ port: Number(url.port), host: url.hostname, localAddress })
    let received = ''
    socket.on('data', (bytes) => {
      received += bytes.toString()
    })
    socket.once('error', reject).once('connect', () => {
      if (idling === 'dripping') socket.write('GET /healthz HTTP/1.1\r\nX: ')
      if (idling === 'started')
        socket.write(`POST ${webhookPath} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{`)
      socket.on('error', () => {})
      resolve({
        drip: () => void (idling === 'dripping' && socket.writable && socket.write('x')),
        destroy: () => void socket.destroy(),
        received: () => received,
        isOpen: () => !socket.destroyed,
      })
    })
  })
}
