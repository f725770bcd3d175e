import { connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runServe } from '../support/program.ts'
import { accountEvent, deliverEvent, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { temporaryDirectory } from '../support/tracker.ts'
import { numberFor, reportFigures } from './chaos.ts'
import { register, sendSuccess, statusOf } from './disk/service-calls.ts'
import { watchMemory } from './resident-memory.ts'

const SOCKETS = numberFor('FLOOD_SOCKETS', { short: 600, long: 3000 })
const BODY = Buffer.alloc(1024 * 1024 - 1, ' ')

/** The starts of requests that anyone can send. The last one looks like a request of ImageKit's until its body has arrived. */
const HEADS = {
  'a forged token': () => 'POST /webhooks/extension/x.y HTTP/1.1\r\n',
  'no signature': () => 'POST /webhooks/account HTTP/1.1\r\n',
  'a fresh signature that is wrong': () =>
    `POST /webhooks/account HTTP/1.1\r\nx-ik-signature: t=${Date.now()},v1=00\r\n`,
}

/** Sends a body without its last byte. */
function sendAllButLastByte(
  url: string,
  head: string,
): { socket: Socket; sentOrStopped: Promise<void>; received: () => string } {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let received = ''
  socket
    .on('error', () => {})
    .on('data', (bytes) => {
      received += bytes.toString()
    })
  socket.write(`${head}Host: 127.0.0.1\r\nContent-Length: ${BODY.length + 1}\r\n\r\n`)
  // Resolves once everything was sent, or once the service has responded or closed the connection.
  const sentOrStopped = new Promise<void>((resolve) => {
    socket.write(BODY, () => resolve())
    socket.once('data', () => resolve()).once('close', () => resolve())
  })
  return { socket, sentOrStopped, received: () => received }
}

test.each(Object.entries(HEADS))(
  `memory stays bounded and genuine webhooks are accepted during ${SOCKETS} bodies of 1 MiB that never end, with %s`,
  { timeout: 60_000 + SOCKETS * 50 },
  async (kind, head) => {
    const { process, url } = await runServe({
      IMAGEKIT_PRIVATE_KEY: 'any',
      IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET,
      DATABASE_URL: `file:${temporaryDirectory()}/tracker.db`,
    })
    const registered = await register(url, 'file-1')
    const memory = watchMemory(process.pid)
    const flood = Array.from({ length: SOCKETS }, () => sendAllButLastByte(url, head()))
    onTestFinished(() => {
      for (const { socket } of flood) socket.destroy()
    })
    await Promise.all(flood.map(({ sentOrStopped }) => sentOrStopped))

    const startedAt = performance.now()
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    const healthMs = performance.now() - startedAt
    // The genuine webhooks are almost as large as the bodies of the flood, which must not use up the memory for them.
    expect(await sendSuccess(registered, 'x'.repeat(900_000))).toMatchObject({ status: 200 })
    expect(await statusOf(url, 'file-1')).toBe('success')
    const event = accountEvent('file-deleted', { filler: 'x'.repeat(900_000) })
    expect(await deliverEvent({ url }, event)).toMatchObject({ status: 200 })
    const grownMib = memory.highestMib() - memory.firstMib
    const responses = flood
      .map(({ received }) => received().slice(0, 12))
      .filter((response) => response !== '')
    reportFigures(
      `${SOCKETS} unfinished bodies of 1 MiB with ${kind}: ${responses.length} got ${[...new Set(responses)].join(', ')}; ` +
        `memory grew by ${grownMib.toFixed()} MiB at most, /healthz took ${healthMs.toFixed()} ms`,
    )
    // A signature can be checked only once the whole body is there, so the service has to wait for the bodies with a fresh signature.
    // If they need too much memory, it rejects the oldest with 503. The other requests are rejected whatever their bodies are, and the
    // service waits for these for a second at most.
    expect(new Set(responses)).toEqual(
      new Set([kind.startsWith('a fresh') ? 'HTTP/1.1 503' : 'HTTP/1.1 401']),
    )
    // Enough for a machine that is busy with other tests, and far below the 60 s for which a body may be received.
    expect(healthMs).toBeLessThan(10_000)
    // Half of what was sent. For 600 MiB, a growth by 60 to 135 MiB was measured; a service that kept the bodies would grow by 600.
    expect(grownMib).toBeLessThan(SOCKETS / 2)
  },
)
