import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

const FAULT_KINDS = ['cut', 'reset', 'silence', 'garbage'] as const

/** The fault of one connection. */
export type Fault = {
  /** By how much the bytes of both directions are delayed. The fault itself is not delayed. */
  delayMs?: number
  /**
   * `cut`: the connection is closed. `reset`: it is reset. `silence`: everything sent later in the direction `on` is dropped,
   * including the end or the reset of the connection. `garbage`: the caller reads bytes that are neither HTTP nor JSON, and then the
   * rest of the response.
   */
  kind: (typeof FAULT_KINDS)[number]
  /** The direction whose bytes are counted. */
  on: 'request' | 'response'
  /** How many bytes are relayed before the fault, including those of earlier requests or responses on the connection. */
  afterBytes: number
}

/** A connection with this fault works, because the fault never occurs. */
export const NO_FAULT: Fault = { kind: 'cut', on: 'response', afterBytes: Number.POSITIVE_INFINITY }

const GARBAGE = Buffer.from(Array.from({ length: 64 }, (_, index) => index % 9))

export type TcpProxy = {
  url: string
  /** How often each kind of fault was applied. */
  faults(): Readonly<Record<Fault['kind'], number>>
  close(): Promise<void>
}

/** A proxy between a caller and `target`; it calls `nextFault` once per connection. */
export async function startTcpProxy(target: string, nextFault: () => Fault): Promise<TcpProxy> {
  const { hostname, port } = new URL(target)
  const counts = { cut: 0, reset: 0, silence: 0, garbage: 0 }
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    const service = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    const fault = nextFault()
    const countFault = (): void => {
      counts[fault.kind] += 1
    }
    for (const socket of [caller, service]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => open.delete(socket))
    }
    const link = { caller, service, fault, countFault }
    relay(link, 'request')
    relay(link, 'response')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of open) socket.destroy()
    await closed
  }
  onTestFinished(close)
  const { port: own } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${own}`, faults: () => counts, close }
}

type Link = { caller: Socket; service: Socket; fault: Fault; countFault: () => void }

/** Relays one direction of a connection, and applies the fault if it is in this direction. */
function relay({ caller, service, fault, countFault }: Link, direction: 'request' | 'response'): void {
  const [from, to] = direction === 'request' ? [caller, service] : [service, caller]
  const { delayMs = 0 } = fault
  let bytesBeforeFault = fault.on === direction ? fault.afterBytes : Number.POSITIVE_INFINITY
  let isSilent = false

  const send = (action: () => void): void => {
    if (delayMs > 0) setTimeout(action, delayMs)
    else action()
  }
  const write = (bytes: Buffer): void => {
    if (isSilent || bytes.length === 0) return
    send(() => {
      if (to.destroyed || to.write(bytes)) return
      from.pause()
      to.once('drain', () => from.resume())
    })
  }
  const applyFault = (): void => {
    countFault()
    switch (fault.kind) {
      case 'cut':
        caller.destroySoon()
        service.destroySoon()
        return
      case 'reset':
        caller.resetAndDestroy()
        service.resetAndDestroy()
        return
      case 'silence':
        isSilent = true
        return
      case 'garbage':
        caller.write(GARBAGE)
    }
  }

  from.on('data', (bytes: Buffer) => {
    const before = bytes.subarray(0, bytesBeforeFault)
    const isFaultDue = bytesBeforeFault < bytes.length
    bytesBeforeFault = isFaultDue ? Number.POSITIVE_INFINITY : bytesBeforeFault - bytes.length
    write(before)
    if (!isFaultDue) return
    applyFault()
    if (!from.destroyed) write(bytes.subarray(before.length))
  })
  from.once('end', () => {
    if (!isSilent) send(() => to.end())
  })
  from.once('close', () => {
    // An abrupt close must also close the other side. An orderly end has already been passed on above.
    if (!isSilent && !from.readableEnded) send(() => to.destroy())
  })
}

/** A fault somewhere in the first `messages` requests or responses of these sizes, in bytes; about one in five before the first byte. */
export function drawFault(
  random: () => number,
  { messages, sizes }: { messages: number; sizes: { request: number; response: number } },
): Fault {
  const on = random() < 0.5 ? 'request' : 'response'
  return {
    delayMs: random() < 0.2 ? Math.ceil(random() * 20) : 0,
    kind: FAULT_KINDS[Math.floor(random() * FAULT_KINDS.length)] ?? 'cut',
    on,
    afterBytes: random() < 0.2 ? 0 : Math.floor(random() * messages * sizes[on]),
  }
}
