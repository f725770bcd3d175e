import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Its other side has left, and it has not been read to its end. https://docs.kernel.org/networking/proc_net_tcp.html */
const CLOSE_WAIT = '08'
const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 20
/** For what was read last; and for all of it where the system does not tell. */
const AFTERWARDS_MS = process.platform === 'linux' ? 200 : 2_000

/**
 * Resolves once a server has read all that a generator had sent when it stopped, answered or not: it would be lost without fault
 * of the server if that were stopped before.
 */
export async function letArrive(url) {
  const { port } = new URL(url)
  for (const giveUpAt = Date.now() + PATIENCE_MS; isUnread(Number(port)) && Date.now() < giveUpAt; )
    await sleep(LOOK_EVERY_MS)
  await sleep(AFTERWARDS_MS)
}

function isUnread(port) {
  if (process.platform !== 'linux') return false
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)
  return lines.some((line) => {
    const [, address = '', , state] = line.trim().split(/\s+/)
    return address.endsWith(local) && state === CLOSE_WAIT
  })
}
