import type { IncomingMessage } from 'node:http'
import { type BodyBudget, createBodyBudget } from './body-budget.ts'
import { bodyChunks } from './body-chunks.ts'

/** Of a body that is read whole, in milliseconds: a sender that drips it must not hold a socket for hours. */
export const WHOLE_BODY_MS = 60_000

/** So long a body is waited for that is refused in any case: it is kept, but it must not hold a socket. */
const REFUSED_BODY_MS = 1000

export const MAX_BODY_BYTES = 1024 * 1024

/** Reads a whole body. Throws what `bodyChunks` throws, and `overloaded`. */
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

const MIB = 1024 * 1024

export function createBodyReaders(totalMs: number): BodyReaders {
  return {
    proven: bodyReader(createBodyBudget(256 * MIB), totalMs),
    unproven: bodyReader(createBodyBudget(64 * MIB), totalMs),
    refused: bodyReader(createBodyBudget(16 * MIB), Math.min(totalMs, REFUSED_BODY_MS)),
  }
}

function bodyReader(budget: BodyBudget, totalMs: number): ReadBody {
  const limits = { maxBytes: MAX_BODY_BYTES, idleMs: totalMs, totalMs }
  return (incoming) => budget.collect((signal) => bodyChunks(incoming, limits, signal))
}
