import type { IncomingMessage } from 'node:http'
import { TrackerError } from '../domain/errors.ts'
import { type BodyBudget, createBodyBudget } from './body-budget.ts'

/** Of a body that is read whole, in milliseconds: a sender that drips it must not hold a socket for hours. */
export const WHOLE_BODY_MS = 60_000

/** So long a body is waited for that is refused in any case: it is kept, but it must not hold a socket. */
const REFUSED_BODY_MS = 1000

export const MAX_BODY_BYTES = 1024 * 1024

/**
 * Reads a whole body. Throws `payload_too_large` as soon as it passes `MAX_BODY_BYTES`, `request_timeout`, `client_closed`,
 * and `overloaded` where it had to make room for others. The request itself stays open, so that it can still be answered.
 */
export type ReadBody = (incoming: IncomingMessage) => Promise<Buffer>

/** Each has a budget of its own, so that those who prove nothing take no room from those who do. */
export type BodyReaders = {
  /** Of a sender with a valid key or token. */
  proven: ReadBody
  /** Of a sender whose signature can only be checked with the body. */
  unproven: ReadBody
  /** Of a delivery that is refused whatever its body is. */
  refused: ReadBody
}

/**
 * The whole body where it has come together with its head, as small ones do, even if its sender has gone since: taken without
 * a listener, a timer or a place in the budget, which is what most of a read costs. Undefined where it is yet to come.
 */
export function bodyAtHand(incoming: IncomingMessage): Buffer | undefined {
  return incoming.complete ? (incoming.read() ?? Buffer.alloc(0)) : undefined
}

const MIB = 1024 * 1024

export function createBodyReaders(totalMs: number): BodyReaders {
  return {
    proven: bodyReader(createBodyBudget(256 * MIB), totalMs),
    unproven: bodyReader(createBodyBudget(64 * MIB), totalMs),
    refused: bodyReader(createBodyBudget(16 * MIB), Math.min(totalMs, REFUSED_BODY_MS)),
  }
}

function bodyReader(budget: BodyBudget, totalMs: number): ReadBody {
  return (incoming) =>
    new Promise((resolve, reject) => {
      let chunks: Buffer[] = []
      let bytes = 0
      const leave = (): void => {
        clearTimeout(timer)
        place.leave()
        incoming.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose)
        chunks = []
      }
      const fail = (error: TrackerError): void => {
        leave()
        incoming.pause()
        reject(error)
      }
      const onData = (chunk: Buffer): void => {
        bytes += chunk.length
        if (bytes > MAX_BODY_BYTES) return fail(tooLarge())
        chunks.push(chunk)
        place.take(chunk.length)
      }
      const onEnd = (): void => {
        const [first = Buffer.alloc(0)] = chunks
        const body = chunks.length > 1 ? Buffer.concat(chunks) : first
        leave()
        resolve(body)
      }
      const onClose = (): void =>
        fail(new TrackerError('client_closed', 'The request ended before its body was complete.'))

      if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return reject(tooLarge())
      const place = budget.enter(() =>
        fail(new TrackerError('overloaded', 'Too many bodies are coming in at once. Try again shortly.')),
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
