import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'

export type BodyLimits = {
  maxBytes: number
  /** How long the sender may send nothing while its bytes are waited for, in milliseconds. */
  idleMs: number
  /** How long the whole body may take, in milliseconds; as long as it wishes where this is left out. */
  totalMs?: number
  /** Each `bytes` of it may be waited for `ms` in all: one that drips must not hold a place for ever. */
  pace?: { bytes: number; ms: number }
}

export const BODY_IDLE_MS = 60_000

/** Of an upload: 1 KiB in each second that it is waited for. */
export const UPLOAD_PACE = { bytes: 60 * 1024, ms: 60_000 }

/**
 * A request's body as it arrives; it is read no faster than it is taken. Throws `payload_too_large` as soon as it passes
 * `maxBytes`, `request_timeout`, or `client_closed` (also when `signal` aborts). The request itself stays open, so that it
 * can still be answered.
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
  const arrivals = watchArrivals(incoming, signal)
  let bytes = 0
  let stretch = { bytes: 0, waitedMs: 0 }
  try {
    while (!incoming.readableEnded) {
      const chunk: Buffer | null = incoming.read()
      if (chunk === null) {
        const from = performance.now()
        const limit = [
          { ms: idleMs, text: () => `Nothing of the body came for ${idleMs} ms.` },
          { ms: deadline - from, text: () => `The body was not complete within ${totalMs} ms.` },
          {
            ms: pace.ms - stretch.waitedMs,
            text: () => `The body came too slowly: less than ${pace.bytes} bytes in ${pace.ms} ms.`,
          },
        ].reduce((nearest, other) => (other.ms < nearest.ms ? other : nearest))
        await arrivals.next(limit)
        stretch.waitedMs += performance.now() - from
        continue
      }
      bytes += chunk.length
      stretch.bytes += chunk.length
      if (stretch.bytes >= pace.bytes) stretch = { bytes: 0, waitedMs: 0 }
      if (bytes > maxBytes) throw tooLarge(maxBytes)
      yield chunk
    }
  } finally {
    arrivals.stop()
  }
}

function tooLarge(maxBytes: number): TrackerError {
  return new TrackerError('payload_too_large', `The request's body is larger than ${maxBytes} bytes.`)
}

/**
 * Listens as long as the body is read: a `readable` listener that comes and goes with each wait makes the stream plan its
 * reading anew each time.
 */
function watchArrivals(incoming: IncomingMessage, signal?: AbortSignal) {
  let settle: (error?: TrackerError) => void = () => {}
  const onArrival = () => settle()
  const onClose = () =>
    settle(new TrackerError('client_closed', 'The request ended before its body was complete.'))
  incoming.on('readable', onArrival).on('end', onArrival).on('close', onClose).on('error', onClose)
  signal?.addEventListener('abort', onClose)
  return {
    /** Resolves when there is more to read, or the end. */
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
      incoming.off('readable', onArrival).off('end', onArrival).off('close', onClose).off('error', onClose)
      signal?.removeEventListener('abort', onClose)
    },
  }
}
