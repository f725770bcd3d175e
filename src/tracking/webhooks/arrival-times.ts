import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/**
 * Remembers in memory when the deliveries that this process could not record first arrived. The sender may repeat one later with
 * its old signature, which would be stale by then through no fault of the sender.
 */
export type ArrivalTimes = {
  remember(body: Buffer, receivedAt: number): void
  find(body: Buffer): number | undefined
}

const MAX_REMEMBERED = 10_000

export function createArrivalTimes(): ArrivalTimes {
  // With `max`, the cache would allocate the space of all entries at once.
  const arrivalTimes = new LRUCache<string, number>({ maxSize: MAX_REMEMBERED, sizeCalculation: () => 1 })
  return {
    remember(body, receivedAt) {
      const digest = digestOf(body)
      if (!arrivalTimes.has(digest)) arrivalTimes.set(digest, receivedAt)
    },
    find: (body) => arrivalTimes.get(digestOf(body)),
  }
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url')
}
