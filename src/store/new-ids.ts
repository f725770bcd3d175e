import { randomFillSync } from 'node:crypto'
import { checkOf, formatId, type IdKind, type NewIds } from '../domain/ids.ts'

const CHECK_BYTES = 8

/** Many at once, because each call of the random number generator is a system call. */
const pool = Buffer.alloc(CHECK_BYTES * 512)
let taken = pool.length

/** Makes ids from the row numbers that a database assigns. */
export function createNewIds(nextNumber: (kind: IdKind) => number): NewIds {
  return {
    submission: () => formatId('sub', nextNumber('sub'), newCheck()),
    run: (submissionId) => formatId('run', nextNumber('run'), checkOf(submissionId)),
    delivery: () => formatId('dlv', nextNumber('dlv'), newCheck()),
  }
}

/** The random bits of an id. */
function newCheck(): string {
  if (taken === pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  taken += CHECK_BYTES
  return pool.toString('base64url', taken - CHECK_BYTES, taken)
}
