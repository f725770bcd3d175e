import type { Statements } from './statements.ts'

/** Freeing a body reads all of its pages: so much at once takes a few milliseconds. */
const MAX_BYTES = 16 * 1024 * 1024

/** Looks no further than at the `limit` bodies that were inserted first: the primary key is all it reads by. */
export function pruneBodies(statements: Statements, receivedBefore: number, limit: number): number {
  let bytesLeft = MAX_BYTES
  const old = statements.listOldestBodies
    .all({ limit })
    .filter(({ receivedAt }) => receivedAt < receivedBefore)
    .filter(({ bytes }) => {
      const isWithin = bytesLeft > 0
      bytesLeft -= bytes
      return isWithin
    })
  for (const { seq } of old) statements.deleteBody.run({ seq })
  return old.length
}
