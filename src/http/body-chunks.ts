import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'

export type BodyLimits = {
  maxBytes: number
  /** How long to wait for the next bytes, in milliseconds. */
  idleMs: number
  /** How long the whole body may take, in milliseconds. @default unlimited */
  totalMs?: number
  /** The minimum rate: at most `ms` of waiting for each `bytes` bytes. Without it, a slow sender could occupy a slot forever. */
  pace?: { bytes: number; ms: number }
}

export const BODY_IDLE_MS = 60_000

/** The minimum rate of uploads: 1 KiB per second of waiting. */
export const UPLOAD_PACE = { bytes: 60 * 1024, ms: 60_000 }

/**
 * Yields a request's body as it arrives, with backpressure. Throws `payload_too_large` as soon as the body exceeds `maxBytes`, or
 * announces that it will; `request_timeout` if it is slower than another limit allows; and `client_closed` if the caller
 * disconnects or `signal` aborts. Does not close the connection after an error, so that the service can still respond.
 */
export async function* bodyChunks(
  incoming: IncomingMessage,
  {
    maxBytes,
    idleMs,
    totalMs = Number.POSITIVE_INFINITY,
    pace = { bytes: 0, ms: Number.POSITIVE_INFINITY },
  }: BodyLimits,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const deadline = performance.now() + totalMs
  const readable = watchReadable(incoming, signal)
  let bytes = 0
  let window = { bytes: 0, waitedMs: 0 }
  try {
    while (!incoming.readableEnded) {
      const chunk: Buffer | null = incoming.read()
      if (chunk === null) {
        const startedAt = performance.now()
        const limit = [
          { ms: idleMs, text: () => `No bytes of the body arrived for ${idleMs} ms.` },
          { ms: deadline - startedAt, text: () => `The body was not complete within ${totalMs} ms.` },
          {
            ms: pace.ms - window.waitedMs,
            text: () => `The body arrived too slowly: fewer than ${pace.bytes} bytes in ${pace.ms} ms.`,
          },
        ].reduce((nearest, other) => (other.ms < nearest.ms ? other : nearest))
        await readable.next(limit)
        window.waitedMs += performance.now() - startedAt
        continue
      }
      bytes += chunk.length
      window.bytes += chunk.length
      if (window.bytes >= pace.bytes) window = { bytes: 0, waitedMs: 0 }
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      yield chunk
    }
  } finally {
    readable.stop()
  }
}

function tooLarge(maxBytes: number): TrackerError {
  return new TrackerError('payload_too_large', `The request's body is larger than ${maxBytes} bytes.`)
}

/**
 * Waits for more bytes of a body, with the same listeners until `stop`: adding and removing a `readable` listener for each wait
 * would make the stream reschedule its reads each time.
 */
function watchReadable(incoming: IncomingMessage, signal?: AbortSignal) {
  let settle: (error?: TrackerError) => void = () => {}
  const onReadable = () => settle()
  const onClose = () =>
    settle(new TrackerError('client_closed', 'The request ended before its body was complete.'))
  incoming.on('readable', onReadable).on('end', onReadable).on('close', onClose).on('error', onClose)
  signal?.addEventListener('abort', onClose)
  return {
    /** Resolves when there is more to read, or at the end of the body. */
    next(limit: { ms: number; text: () => string }): Promise<void> {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(new TrackerError('request_timeout', limit.text())), limit.ms)
        settle = (error) => {
          clearTimeout(timer)
          settle = () => {}
          if (error === undefined) resolve()
          else reject(error)
        }
        if (incoming.destroyed || signal?.aborted) onClose()
      })
    },
    stop(): void {
      incoming.off('readable', onReadable).off('end', onReadable).off('close', onClose).off('error', onClose)
      signal?.removeEventListener('abort', onClose)
    },
  }
}
