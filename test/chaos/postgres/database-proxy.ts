import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A proxy between the service and its database server, which can fail like a network. */
export type DatabaseProxy = {
  /** The URL that leads to this database through the proxy. */
  through(url: string): string
  /** Stops relaying, but closes nothing. New connections get no response either. */
  hang(): void
  /** Closes open connections on the server's side only: on the service's side, they stay open and silent. New connections work. */
  forgetConnections(): void
  /** Relays again, first the bytes that were sent in the meantime. */
  forward(): void
  /** Resets open connections, and connects new ones to the server at this port. */
  switchTo(port: number): void
}

type Link = { caller: Socket; server: Socket }

/** `firstPort`: the port of the server to which connections lead until `switchTo`. */
export async function startDatabaseProxy(firstPort: number): Promise<DatabaseProxy> {
  let port = firstPort
  let isHanging = false
  const links = new Set<Link>()
  const listener = createServer((caller) => {
    const server = connect(port, '127.0.0.1')
    const link = { caller, server }
    links.add(link)
    for (const [from, to] of [
      [caller, server],
      [server, caller],
    ] as const) {
      from.on('error', () => {})
      from.on('data', (bytes: Buffer) => {
        if (!to.destroyed && !to.write(bytes)) from.pause()
      })
      from.on('drain', () => {
        if (!isHanging) to.resume()
      })
      from.once('close', () => {
        if (links.delete(link)) to.destroy()
      })
    }
    if (isHanging) silence(link)
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const breakAll = () => {
    for (const { caller, server } of links) {
      caller.resetAndDestroy()
      server.resetAndDestroy()
    }
  }
  onTestFinished(() => {
    listener.close()
    breakAll()
  })
  return {
    through(url) {
      const { port: own } = listener.address() as AddressInfo
      return Object.assign(new URL(url), { port: own }).href
    },
    hang() {
      isHanging = true
      for (const link of links) silence(link)
    },
    forgetConnections() {
      for (const link of links) {
        links.delete(link)
        silence(link)
        link.server.resetAndDestroy()
        // Only at the end of the test, because the caller must not notice that the server has closed its side.
        onTestFinished(() => void link.caller.destroy())
      }
    },
    forward() {
      isHanging = false
      for (const { caller, server } of links) {
        caller.resume()
        server.resume()
      }
    },
    switchTo(next) {
      port = next
      breakAll()
    },
  }
}

function silence({ caller, server }: Link): void {
  caller.pause()
  server.pause()
}
