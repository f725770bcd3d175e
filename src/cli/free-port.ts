import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { errorCode } from './command-error.ts'

const TRIES = 100

/** The first port from `first` on that is unused on 127.0.0.1. Throws if `first` and the 99 ports after it are all in use. */
export async function findFreePort(first: number): Promise<number> {
  for (let port = first; port < first + TRIES; port += 1) if (await isFree(port)) return port
  throw new Error(`The ports ${first} to ${first + TRIES - 1} are all in use.`)
}

async function isFree(port: number): Promise<boolean> {
  try {
    await listenOnce(port)
    return true
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return false
    throw error
  }
}

/** Any port that is unused on 127.0.0.1. */
export function findAnyFreePort(): Promise<number> {
  return listenOnce(0)
}

/** Listens for a moment, and returns the port; 0 stands for any free port. Throws if the port is in use. */
async function listenOnce(port: number): Promise<number> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: assigned } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return assigned
}
