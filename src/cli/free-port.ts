import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { errorCode } from './command-error.ts'

const TRIES = 100

/** The first unused port, starting at `first`. */
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

/** Any unused port. */
export function findAnyFreePort(): Promise<number> {
  return listenOnce(0)
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: assigned } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return assigned
}
