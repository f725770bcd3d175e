import type { NewRejectedDelivery, RejectedDelivery, RejectionCause } from '../../domain/delivery.ts'
import { formatId, type NewIds, parseId } from '../../domain/ids.ts'
import { type DeliveryFilter, type ListedDelivery, listRejection } from '../../domain/listed-delivery.ts'
import { keepRejected, type RejectedRows } from '../keep-rejected.ts'
import type { Window } from '../read-list.ts'
import { ROUTE, textOf } from '../sql/codes.ts'
import { partsOf } from '../sql/rows.ts'
import { doAtOnce } from '../transaction-work.ts'
import { type Connection, statementsOf } from './connection.ts'

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

/** The rejected deliveries, which are stored outside the write queue. */
export function createRejectedDeliveries(connection: Connection, ids: NewIds) {
  const { rows, run } = statementsOf(connection)
  const insert = run(
    `INSERT INTO rejected_deliveries (n, chk, route, received_at, cause, proven, submission_id, file_id, token, bytes,
      kept_bytes, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const appendDelta = run('INSERT INTO counter_deltas (delta) VALUES (?)')
  const sum = rows<[count: number, bytes: number]>(
    'SELECT count(*), total(kept_bytes) FROM rejected_deliveries WHERE proven = ?',
  )
  const listOldest = rows<[n: number, keptBytes: number]>(
    'SELECT n, kept_bytes FROM rejected_deliveries WHERE proven = ? ORDER BY n LIMIT ?',
  )
  const remove = run('DELETE FROM rejected_deliveries WHERE n = ?')
  // The `+` keeps SQLite from walking an index by cause instead of the recent ones by time.
  const countByCause = rows<[cause: RejectionCause, count: number]>(
    'SELECT cause, count(*) FROM rejected_deliveries WHERE received_at >= ? GROUP BY +cause',
  )
  const list = rows<Cells>(
    `SELECT ${COLUMNS} FROM rejected_deliveries WHERE n >= ? AND n < ? AND cause = ifnull(?, cause)
      AND received_at >= ? AND received_at < ? ORDER BY n DESC LIMIT ?`,
  )
  type Rest = [fileId: string | null, token: string | null, bytes: number, headers: string, body: Buffer]
  const find = rows<[...Cells, ...Rest]>(
    `SELECT ${COLUMNS}, file_id, token, bytes, headers, body FROM rejected_deliveries WHERE n = ? AND chk = ?`,
  )

  const kept: RejectedRows = {
    insert({ deliveryId, route, receivedAt, cause, isProven, ...rest }) {
      const { submissionId, fileId, token, bytes, headers, body } = rest
      const head = [
        ...partsOf(deliveryId),
        ROUTE.to[route],
        receivedAt,
        cause,
        Number(isProven),
        submissionId,
      ]
      insert(...head, fileId, token, bytes, body.length, JSON.stringify(headers), body)
    },
    appendDelta: (delta) => appendDelta(JSON.stringify(delta)),
    sum(isProven) {
      const [count = 0, bytes = 0] = sum.get(Number(isProven)) ?? []
      return { count, bytes }
    },
    listOldest: (isProven, limit) =>
      listOldest.all(Number(isProven), limit).map(([n, keptBytes]) => ({ n, keptBytes })),
    remove,
  }
  return {
    /** Inside a transaction. Returns their ids. */
    keep: (rejected: readonly NewRejectedDelivery[]) => doAtOnce(keepRejected(kept, ids, rejected)),
    count: (since: number) => countByCause.all(since).map(([cause, count]) => ({ cause, count })),
    list({ cause, since, until }: DeliveryFilter, { from, before }: Window, limit: number): ListedDelivery[] {
      const times = [since ?? Number.MIN_SAFE_INTEGER, until ?? Number.MAX_SAFE_INTEGER]
      return list.all(from, before, cause, ...times, limit).map((cells) => listRejection(toRejected(cells)))
    },
    find(deliveryId: string): RejectedDelivery | undefined {
      const at = parseId('dlv', deliveryId)
      const cells = at && find.get(at.number, at.check)
      if (cells === undefined) return undefined
      const [, , , , , , fileId, token, bytes, headers, body] = cells
      return { ...toRejected(cells), fileId, token, bytes, headers: JSON.parse(headers), body }
    },
  }
}

function toRejected([n, chk, route, receivedAt, cause, submissionId]: [...Cells, ...unknown[]]) {
  return { deliveryId: formatId('dlv', n, chk), route: textOf(ROUTE, route), receivedAt, cause, submissionId }
}
