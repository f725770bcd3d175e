import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

const BYTES = 16

/** UUIDs of version 7. Their random bytes are fetched for many at once: each fetch is a call of the system. */
export function createIds(): () => string {
  const pool = new Uint8Array(BYTES * 256)
  let taken = pool.length
  const rng = (): Uint8Array => {
    if (taken === pool.length) {
      randomFillSync(pool)
      taken = 0
    }
    taken += BYTES
    return pool.subarray(taken - BYTES, taken)
  }
  return () => v7({ rng })
}
