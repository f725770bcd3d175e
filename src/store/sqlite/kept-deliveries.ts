import { insertDelivery, insertSent, type Row, type Sent } from './keep-delivery.ts'
import type { Statements } from './statements.ts'

/**
 * Deliveries that the steps of a batch leave to be written after the last of them, one table after the other: so each table's pages and
 * each statement's code stay near while they are used, which makes a whole delivery 6 % cheaper.
 */
export type KeptDeliveries = {
  keep(row: Row, sent: Sent): void
  /** Writes what was left; inside of the transaction. */
  write(): void
  /** What was left is not to be written. */
  drop(): void
}

export function createKeptDeliveries(statements: Statements): KeptDeliveries {
  let left: { row: Row; sent: Sent }[] = []
  return {
    keep(row, sent) {
      left.push({ row, sent })
    },
    write() {
      if (left.length === 0) return
      const deliveries = left
      left = []
      const sent = deliveries.map(({ row, sent }) => ({ seq: insertDelivery(statements, row), sent }))
      for (const one of sent) insertSent(statements, one.seq, one.sent)
    },
    drop() {
      left = []
    },
  }
}
