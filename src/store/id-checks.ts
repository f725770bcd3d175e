import { randomFillSync } from 'node:crypto'

const CHECK_BYTES = 8

/** Makes the random bits of new ids, many per call of the random number generator, because each call is a system call. */
export function createChecks(): () => string {
  const pool = Buffer.alloc(CHECK_BYTES * 512)
  let taken = pool.length
  return () => {
    if (taken === pool.length) {
      randomFillSync(pool)
      taken = 0
    }
    taken += CHECK_BYTES
    return pool.toString('base64url', taken - CHECK_BYTES, taken)
  }
}
