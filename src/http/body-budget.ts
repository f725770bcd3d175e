import { TrackerError } from '../domain/errors.ts'

/** What bodies may take together while they come in and are kept for their end. */
export type BodyBudget = {
  /** The whole body. Throws what `read` throws, and `overloaded` where it had to make room for others. */
  collect(read: (signal: AbortSignal) => AsyncIterable<Buffer>): Promise<Buffer>
}

type Share = { chunks: Buffer[]; bytes: number; room: AbortController }

/** A chunk costs more than its bytes: a body may come as a million of them. */
const CHUNK_COST = 256

/**
 * Beyond `maxBytes` the body that began first is given up. An honest one comes in a moment, so whoever holds many open
 * pushes out itself and nobody else.
 */
export function createBodyBudget(maxBytes: number): BodyBudget {
  const oldestFirst = new Set<Share>()
  let held = 0

  const free = (share: Share): void => {
    if (!oldestFirst.delete(share)) return
    held -= share.bytes
    share.chunks = []
  }
  const keep = (share: Share, chunk: Buffer): void => {
    const cost = chunk.length + CHUNK_COST
    share.chunks.push(chunk)
    share.bytes += cost
    held += cost
    oldestFirst.add(share)
    for (const oldest of oldestFirst) {
      if (held <= maxBytes) return
      free(oldest)
      oldest.room.abort()
    }
  }

  return {
    async collect(read) {
      const share: Share = { chunks: [], bytes: 0, room: new AbortController() }
      const { signal } = share.room
      try {
        for await (const chunk of read(signal)) {
          if (!signal.aborted) keep(share, chunk)
          signal.throwIfAborted()
        }
        signal.throwIfAborted()
        return Buffer.concat(share.chunks)
      } catch (error) {
        throw signal.aborted ? overloaded() : error
      } finally {
        free(share)
      }
    },
  }
}

function overloaded(): TrackerError {
  return new TrackerError('overloaded', 'Too many bodies are coming in at once. Try again shortly.')
}
