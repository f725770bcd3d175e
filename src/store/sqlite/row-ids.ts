import { randomFillSync } from 'node:crypto'
import { formatId, type NewIds } from '../../domain/ids.ts'
import type { Statements } from './statements.ts'

/** Ids from counters in memory, which start past every row. Use it inside a transaction only. */
export type RowIds = NewIds & {
  /** Another connection may have inserted rows. */
  readAgain: () => void
}

export function createRowIds(statements: Statements): RowIds {
  const { findLastSubmission, findLastRun, findLastDelivery, findLastRejected } = statements
  const nextCheck = createChecks()
  const last = { submission: 0, run: 0, delivery: 0 }
  let isRead = false

  const next = (counter: keyof typeof last): number => {
    if (!isRead) {
      // A row that was deleted since keeps its number, so a counter never goes back.
      last.submission = Math.max(last.submission, findLastSubmission.get()?.seq ?? 0)
      last.run = Math.max(last.run, findLastRun.get()?.seq ?? 0)
      const deliveries = [findLastDelivery, findLastRejected].map((find) => find.get()?.seq ?? 0)
      last.delivery = Math.max(last.delivery, ...deliveries)
      isRead = true
    }
    last[counter] += 1
    return last[counter]
  }
  return {
    submission: () => formatId('sub', next('submission'), nextCheck()),
    run: () => formatId('run', next('run'), nextCheck()),
    delivery: () => formatId('dlv', next('delivery'), nextCheck()),
    readAgain() {
      isRead = false
    },
  }
}

const CHECK_BYTES = 8

/** Each call of the random number generator is a system call, so it fetches the bytes of many ids. */
function createChecks(): () => string {
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
