import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runServe } from '../support/program.ts'
import { accountEvent, deliverEvent, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { tell, timesOf } from './chaos.ts'
import { register, statusOf, tellSuccess } from './disk/service-calls.ts'
import { watchMemory } from './resident-memory.ts'

const SOCKETS = timesOf('FLOOD_SOCKETS', { short: 600, long: 3000 })
const BODY = Buffer.alloc(1024 * 1024 - 1, ' ')

/** What a stranger can send without knowing anything: the last one looks like ImageKit's until its body is there. */
const HEADS = {
  'a forged token': () => 'POST /webhooks/extension/x.y HTTP/1.1\r\n',
  'no signature': () => 'POST /webhooks/account HTTP/1.1\r\n',
  'a fresh signature that is wrong': () =>
    `POST /webhooks/account HTTP/1.1\r\nx-ik-signature: t=${Date.now()},v1=00\r\n`,
}

/** Sends a body but for its last byte. */
function holdBodyOpen(
  url: string,
  head: string,
): { socket: Socket; isOver: Promise<void>; heard: () => string } {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let heard = ''
  socket
    .on('error', () => {})
    .on('data', (bytes) => {
      heard += bytes.toString()
    })
  socket.write(`${head}Host: 127.0.0.1\r\nContent-Length: ${BODY.length + 1}\r\n\r\n`)
  // It has sent everything, or is not let.
  const isOver = new Promise<void>((resolve) => {
    socket.write(BODY, () => resolve())
    socket.once('data', () => resolve()).once('close', () => resolve())
  })
  return { socket, isOver, heard: () => heard }
}

test.each(Object.entries(HEADS))(
  `${SOCKETS} bodies of 1 MiB that never end, with %s: memory stays bounded, and true webhooks are taken`,
  { timeout: 60_000 + SOCKETS * 50 },
  async (kind, head) => {
    const { process, url } = await runServe({
      IMAGEKIT_PRIVATE_KEY: 'any',
      IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET,
      DATABASE_URL: `file:${temporaryDirectory()}/tracker.db`,
    })
    const told = await register(url, 'file-1')
    const memory = watchMemory(process.pid)
    const flood = Array.from({ length: SOCKETS }, () => holdBodyOpen(url, head()))
    onTestFinished(() => {
      for (const { socket } of flood) socket.destroy()
    })
    await Promise.all(flood.map(({ isOver }) => isOver))

    const from = performance.now()
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const healthMs = performance.now() - from
    // As large as those of the flood, so that they stand in line for the same room.
    expect(await tellSuccess(told, 'x'.repeat(900_000))).toMatchObject({ status: 200 })
    expect(await statusOf(url, 'file-1')).toBe('success')
    const event = accountEvent('file-deleted', { filler: 'x'.repeat(900_000) })
    expect(await deliverEvent({ url }, event)).toMatchObject({ status: 200 })
    const grownMib = memory.highestMib() - memory.firstMib
    const answers = flood.map(({ heard }) => heard().slice(0, 12)).filter((answer) => answer !== '')
    tell(
      `${SOCKETS} unfinished bodies of 1 MiB with ${kind}: ${answers.length} told ${[...new Set(answers)].join(', ')}; ` +
        `memory grew by ${grownMib.toFixed()} MiB at most, /healthz took ${healthMs.toFixed()} ms`,
    )
    expect(new Set(answers)).toEqual(new Set([kind.startsWith('a fresh') ? 'HTTP/1.1 503' : 'HTTP/1.1 401']))
    // Far less than a body may take to come in: a machine that is busy with other tests is slow by itself.
    expect(healthMs).toBeLessThan(10_000)
    // Half of what was sent: 60 to 135 MiB of 600 were measured, and a service that kept the bodies would take all of it.
    expect(grownMib).toBeLessThan(SOCKETS / 2)
  },
)
