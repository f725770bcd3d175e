import { randomFillSync } from 'node:crypto'
import { checkOf, formatId, type IdKind, type NewIds } from '../domain/ids.ts'

const CHECK_BYTES = 8

/** Random bytes for many ids at once, because each call of the random number generator makes a system call. */
const pool = Buffer.alloc(CHECK_BYTES * 512)
let bytesUsed = pool.length

/** Makes ids from the row numbers that a database assigns, and from random bits. */
export function createNewIds(nextNumber: (kind: IdKind) => number): NewIds {
  return {
    submission: () => formatId('sub', nextNumber('sub'), newCheck()),
    run: (submissionId) => formatId('run', nextNumber('run'), checkOf(submissionId)),
    delivery: () => formatId('dlv', nextNumber('dlv'), newCheck()),
  }
}

/** The check of an id: its random bits. */
function newCheck(): string {
  if (bytesUsed === pool.length) {
    randomFillSync(pool)
    bytesUsed = 0
  }
  bytesUsed += CHECK_BYTES
  return pool.toString('base64url', bytesUsed - CHECK_BYTES, bytesUsed)
}
