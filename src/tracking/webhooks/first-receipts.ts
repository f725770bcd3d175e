import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/**
 * Remembers when a delivery that we could not store first arrived. The sender may repeat it later with its old signature, which
 * would be stale by then through no fault of the sender.
 */
export type FirstReceipts = {
  remember(body: Buffer, receivedAt: number): void
  find(body: Buffer): number | undefined
}

const MAX_REMEMBERED = 10_000

export function createFirstReceipts(): FirstReceipts {
  // With `max`, it would allocate the space of all entries at once.
  const receipts = new LRUCache<string, number>({ maxSize: MAX_REMEMBERED, sizeCalculation: () => 1 })
  return {
    remember(body, receivedAt) {
      const digest = digestOf(body)
      if (!receipts.has(digest)) receipts.set(digest, receivedAt)
    },
    find: (body) => receipts.get(digestOf(body)),
  }
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('base64url')
}
