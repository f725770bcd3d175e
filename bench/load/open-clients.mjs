// Many clients that wait for one asset each: bare sockets, so that they cost this side little.
import { once } from 'node:events'
import { connect } from 'node:net'
import { READER } from '../servers/secrets.mjs'
import { fileIdOf } from './deliveries.mjs'
import { getRequest } from './request-file.mjs'

const AT_ONCE = 100

/** Waits for the assets number `first` and on. `pathOf` is what is asked of each; `isOpen`, that it has been heard. */
export async function openClients(url, { first, count, pathOf, isOpen }) {
  const { hostname, port } = new URL(url)
  const clients = []
  const open = async (index) => {
    const socket = connect({ host: hostname, port: Number(port) })
    await once(socket, 'connect')
    const client = { socket, index, text: '', heard: () => {} }
    socket.on('data', (chunk) => {
      client.text += chunk.toString()
      client.heard(performance.now())
    })
    socket.on('error', () => {})
    socket.write(getRequest(pathOf(fileIdOf(index)), READER))
    if (isOpen !== undefined) await until(client, isOpen)
    clients.push(client)
  }
  for (let from = 0; from < count; from += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, each) => open(first + from + each)),
    )
  return clients
}

/** Resolves with when what the client has been told first matched. */
export function until(client, pattern) {
  return new Promise((resolve) => {
    const look = (at) => {
      if (pattern.test(client.text)) resolve(at)
    }
    client.heard = look
    look(performance.now())
  })
}

export function closeClients(clients) {
  for (const { socket } of clients) socket.destroy()
}
