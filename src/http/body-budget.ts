/** What bodies may take together while they come in and are kept for their end. */
export type BodyBudget = {
  /** A place for one body; `giveUp` is called where it has to make room for others, and has left its place then. */
  enter(giveUp: () => void): BodyPlace
}

type BodyPlace = {
  /** Keeps one more chunk of so many bytes. */
  take(bytes: number): void
  leave(): void
}

type Share = { bytes: number; giveUp: () => void }

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
    if (oldestFirst.delete(share)) held -= share.bytes
  }
  const take = (share: Share, bytes: number): void => {
    const cost = bytes + CHUNK_COST
    share.bytes += cost
    held += cost
    oldestFirst.add(share)
    for (const oldest of oldestFirst) {
      if (held <= maxBytes) return
      free(oldest)
      oldest.giveUp()
    }
  }

  return {
    enter(giveUp) {
      const share = { bytes: 0, giveUp }
      return { take: (bytes) => take(share, bytes), leave: () => free(share) }
    },
  }
}
