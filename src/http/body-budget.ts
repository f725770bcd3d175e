/** Limits the memory of the request bodies that share this budget, while they are received. */
export type BodyBudget = {
  /** Reserves memory for one body. `onEvict` is called after this reservation was released to make room for other bodies. */
  reserve(onEvict: () => void): BodyReservation
}

type BodyReservation = {
  /** Adds one chunk. */
  add(bytes: number): void
  release(): void
}

type Body = { bytes: number; onEvict: () => void }

/** Each chunk costs more memory than its bytes, and a body may arrive in a million chunks. */
const CHUNK_OVERHEAD_BYTES = 256

/**
 * Beyond `maxBytes` in total, the oldest bodies are evicted. Normal bodies arrive within moments, so a sender that keeps many
 * bodies open evicts its own.
 */
export function createBodyBudget(maxBytes: number): BodyBudget {
  const oldestFirst = new Set<Body>()
  let totalBytes = 0

  const release = (body: Body): void => {
    if (oldestFirst.delete(body)) totalBytes -= body.bytes
  }
  const add = (body: Body, chunkBytes: number): void => {
    const cost = chunkBytes + CHUNK_OVERHEAD_BYTES
    body.bytes += cost
    totalBytes += cost
    oldestFirst.add(body)
    for (const oldest of oldestFirst) {
      if (totalBytes <= maxBytes) return
      release(oldest)
      oldest.onEvict()
    }
  }

  return {
    reserve(onEvict) {
      const body = { bytes: 0, onEvict }
      return { add: (bytes) => add(body, bytes), release: () => release(body) }
    },
  }
}
