import type { NewRejectedDelivery, RejectedDelivery, RejectionCause } from '../../domain/delivery.ts'
import { formatId, type NewIds, parseId } from '../../domain/ids.ts'
import { type DeliveryFilter, type ListedDelivery, listedRejection } from '../../domain/listed-delivery.ts'
import { keepRejected, type RejectionRows } from '../keep-rejected.ts'
import type { Window } from '../list-pages.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import { ROUTE, textOf } from './codes.ts'
import { partsOf } from './rows.ts'
import type { Statements } from './statements.ts'
import { createAppendDelta } from './stats.ts'

const COLUMNS = 'n, chk, route, received_at, cause, submission_id'

type Cells = [
  n: number,
  chk: string,
  route: number,
  receivedAt: number,
  cause: RejectionCause,
  submissionId: string | null,
]

export type RejectedDeliveries = ReturnType<typeof createRejectedDeliveries>

/** The rejected deliveries, which are stored outside the write queue. The column `proven` is 1 if the token is valid. */
export function createRejectedDeliveries(statements: Statements) {
  const { rows, row, run } = statements
  const insert = run(
    `INSERT INTO rejected_deliveries (n, chk, route, received_at, cause, proven, submission_id, file_id, token, bytes,
      stored_bytes, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const sum = row<[count: number, bytes: number]>(
    'SELECT count(*), coalesce(sum(stored_bytes), 0) FROM rejected_deliveries WHERE proven = ?',
  )
  const listOldest = rows<[n: number, storedBytes: number]>(
    'SELECT n, stored_bytes FROM rejected_deliveries WHERE proven = ? ORDER BY n LIMIT ?',
  )
  const remove = run('DELETE FROM rejected_deliveries WHERE n = ?')
  // Grouped by a concatenation, too, because no index has this order: so SQLite always finds the rows by time.
  const countByCause = rows<[cause: RejectionCause, count: number]>(
    `SELECT cause, count(*) FROM rejected_deliveries WHERE received_at >= ? GROUP BY cause, cause || ''`,
  )
  const list = rows<Cells>(
    `SELECT ${COLUMNS} FROM rejected_deliveries WHERE n >= ? AND n < ? AND cause = coalesce(?, cause)
      AND received_at >= ? AND received_at < ? ORDER BY n DESC LIMIT ?`,
  )
  type Rest = [fileId: string | null, token: string | null, bytes: number, headers: string, body: Buffer]
  const find = row<[...Cells, ...Rest]>(
    `SELECT ${COLUMNS}, file_id, token, bytes, headers, body FROM rejected_deliveries WHERE n = ? AND chk = ?`,
  )

  const rejectionRows: RejectionRows = {
    insert({ deliveryId, route, receivedAt, cause, hasValidToken, ...rest }) {
      const { submissionId, fileId, token, bytes, headers, body } = rest
      const head = [
        ...partsOf(deliveryId),
        ROUTE.to[route],
        receivedAt,
        cause,
        Number(hasValidToken),
        submissionId,
      ]
      return waitFor(insert(...head, fileId, token, bytes, body.length, JSON.stringify(headers), body))
    },
    appendDelta: createAppendDelta(statements),
    *sum(hasValidToken) {
      const [count = 0, bytes = 0] = (yield* waitFor(sum(Number(hasValidToken)))) ?? []
      return { count, bytes }
    },
    *listOldest(hasValidToken, limit) {
      const found = yield* waitFor(listOldest(Number(hasValidToken), limit))
      return found.map(([n, storedBytes]) => ({ n, storedBytes }))
    },
    remove: (n) => waitFor(remove(n)),
  }
  return {
    /** Stores deliveries, and evicts the oldest (see `keepRejected`). Call it inside a transaction. Returns the ids. */
    keep: (ids: Pick<NewIds, 'delivery'>, rejected: readonly NewRejectedDelivery[]) =>
      keepRejected(rejectionRows, ids, rejected),
    *count(since: number): Work<{ cause: RejectionCause; count: number }[]> {
      return (yield* waitFor(countByCause(since))).map(([cause, count]) => ({ cause, count }))
    },
    *list(
      { cause, since, until }: DeliveryFilter,
      { from, before }: Window,
      limit: number,
    ): Work<ListedDelivery[]> {
      const times = [since ?? Number.MIN_SAFE_INTEGER, until ?? Number.MAX_SAFE_INTEGER]
      const found = yield* waitFor(list(from, before, cause, ...times, limit))
      return found.map((cells) => listedRejection(toRejected(cells)))
    },
    *find(deliveryId: string): Work<RejectedDelivery | undefined> {
      const parsed = parseId('dlv', deliveryId)
      const cells = parsed && (yield* waitFor(find(parsed.number, parsed.check)))
      if (cells === undefined) return undefined
      const [, , , , , , fileId, token, bytes, headers, body] = cells
      return { ...toRejected(cells), fileId, token, bytes, headers: JSON.parse(headers), body }
    },
  }
}

function toRejected([n, chk, route, receivedAt, cause, submissionId]: [...Cells, ...unknown[]]) {
  return { deliveryId: formatId('dlv', n, chk), route: textOf(ROUTE, route), receivedAt, cause, submissionId }
}
