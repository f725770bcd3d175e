import { LRUCache } from 'lru-cache'
import type { ReadSnapshot } from './status-snapshot.ts'

/** Caches snapshots in memory. The least recently used ones are evicted. */
export type SnapshotCache = {
  get(fileId: string): ReadSnapshot | undefined
  set(fileId: string, snapshot: ReadSnapshot): void
  delete(fileId: string): void
  clear(): void
}

/**
 * Once the cache is full, an asset is cached only from its second request on. If more assets are requested than fit, each new
 * entry would evict another before that one is requested again, and collecting the garbage would take a fifth of the whole
 * response time (63 µs with it, 50 µs without).
 */
export function createSnapshotCache(maxBytes: number): SnapshotCache {
  const cache = new LRUCache<string, ReadSnapshot>({ maxSize: maxBytes, sizeCalculation: bytesOf })
  const firstRequests = new Uint32Array(HASH_SLOTS)
  /** Whether the asset was requested before. If it was not, this request is remembered. */
  const isSecondTime = (fileId: string): boolean => {
    const hash = hashOf(fileId)
    const slot = hash % HASH_SLOTS
    if (firstRequests[slot] === hash) return true
    firstRequests[slot] = hash
    return false
  }
  return {
    get: (fileId) => cache.get(fileId),
    set(fileId, snapshot) {
      const hasRoom = cache.calculatedSize + bytesOf(snapshot) <= maxBytes
      if (hasRoom || isSecondTime(fileId)) cache.set(fileId, snapshot)
    },
    delete: (fileId) => cache.delete(fileId),
    clear: () => cache.clear(),
  }
}

/** 256 KiB. A first request is forgotten after about this many first requests of other assets. */
const HASH_SLOTS = 65_536

/** FNV-1a. If two assets have the same hash, one of them is cached from its first request on. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** Two bytes per character, as V8 stores any text beyond Latin-1, plus the objects around it. */
function bytesOf(snapshot: ReadSnapshot): number {
  return 2 * snapshot.body.length + 512
}
