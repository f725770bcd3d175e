import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'
import { type BodyBudget, createBodyBudget } from './body-budget.ts'

/** How long a body that is read as a whole may take, in milliseconds: a slow sender must not occupy a socket for hours. */
export const WHOLE_BODY_MS = 60_000

/** The time limit for the body of a delivery that is rejected whatever its body is: such a body is read only to be stored. */
const REJECTED_BODY_MS = 1000

export const MAX_BODY_BYTES = 1024 * 1024

/**
 * Reads a whole body. Rejects with `payload_too_large` as soon as the body exceeds `MAX_BODY_BYTES`, or announces that it will; with
 * `request_timeout`; with `client_closed`; or with `overloaded` if the body was evicted to make room for others. Never closes the
 * connection itself, so that the service can still respond.
 */
export type ReadBody = (incoming: IncomingMessage) => Promise<Buffer>

/** Each reader has its own memory budget, so that unauthenticated senders take no room from authenticated ones. */
export type BodyReaders = {
  /** For a sender with a valid key or token, or one who needs no key because none is configured. */
  proven: ReadBody
  /** For a sender whose signature can only be checked with the body. */
  unproven: ReadBody
  /** For a delivery that is rejected whatever its body is. */
  rejected: ReadBody
}

/**
 * The whole body if it has already arrived, as a small one usually has, even if the sender has disconnected since; undefined if it
 * is incomplete. This needs no listener, timer or reservation in the budget, which are most of the cost of a read.
 */
export function bufferedBody(incoming: IncomingMessage): Buffer | undefined {
  return incoming.complete ? (incoming.read() ?? Buffer.alloc(0)) : undefined
}

const MIB = 1024 * 1024

export function createBodyReaders(totalMs: number): BodyReaders {
  return {
    proven: bodyReader(createBodyBudget(256 * MIB), totalMs),
    unproven: bodyReader(createBodyBudget(64 * MIB), totalMs),
    rejected: bodyReader(createBodyBudget(16 * MIB), Math.min(totalMs, REJECTED_BODY_MS)),
  }
}

function bodyReader(budget: BodyBudget, totalMs: number): ReadBody {
  return (incoming) =>
    new Promise((resolve, reject) => {
      let chunks: Buffer[] = []
      let bytes = 0
      const stop = (): void => {
        clearTimeout(timer)
        reservation.release()
        incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
        chunks = []
      }
      const fail = (error: TrackerError): void => {
        stop()
        incoming.pause()
        reject(error)
      }
      const onData = (chunk: Buffer): void => {
        bytes += chunk.length
        if (bytes > MAX_BODY_BYTES) return fail(tooLarge())
        chunks.push(chunk)
        reservation.add(chunk.length)
      }
      const onEnd = (): void => {
        const [first = Buffer.alloc(0)] = chunks
        const body = chunks.length > 1 ? Buffer.concat(chunks) : first
        stop()
        resolve(body)
      }
      const onClose = (): void =>
        fail(new TrackerError('client_closed', 'The request ended before its body was complete.'))

      if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return reject(tooLarge())
      const reservation = budget.reserve(() =>
        fail(
          new TrackerError('overloaded', 'Too many request bodies are arriving at once. Try again shortly.'),
        ),
      )
      const timer = setTimeout(
        () => fail(new TrackerError('request_timeout', `The body was not complete within ${totalMs} ms.`)),
        totalMs,
      )
      if (incoming.readableEnded) return onEnd()
      if (incoming.destroyed) return onClose()
      incoming.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose)
    })
}

function tooLarge(): TrackerError {
  return new TrackerError('payload_too_large', `The request's body is larger than ${MAX_BODY_BYTES} bytes.`)
}
