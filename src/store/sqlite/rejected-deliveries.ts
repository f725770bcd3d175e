import type { NewRejectedDelivery, RejectedDelivery, RejectionCause } from '../../domain/delivery.ts'
import { formatId, type NewIds, parseId } from '../../domain/ids.ts'
import { selectEvicted } from '../../domain/rejected-retention.ts'
import { statDelta } from '../../domain/stat-counters.ts'
import { ROUTE, textOf } from './codes.ts'
import type { Connection } from './connection.ts'
import { partsOf } from './rows.ts'

/** How many are considered for eviction at once. */
const CONSIDERED = 100

type Cells = [
  n: number,
  chk: string,
  route: number,
  receivedAt: number,
  cause: RejectionCause,
  submissionId: string | null,
  fileId: string | null,
  token: string | null,
  bytes: number,
  headers: string,
  body: Buffer,
]

/** The rejected deliveries, which are stored outside the write queue. */
export function createRejectedDeliveries(connection: Connection, ids: NewIds) {
  const insert =
    connection.prepare(`INSERT INTO rejected_deliveries (n, chk, route, received_at, cause, proven, submission_id,
    file_id, token, bytes, kept_bytes, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const appendDelta = connection.prepare<[string]>('INSERT INTO counter_deltas (delta) VALUES (?)')
  const sum = connection.prepare<[number], { count: number; bytes: number }>(
    'SELECT count(*) AS count, total(kept_bytes) AS bytes FROM rejected_deliveries WHERE proven = ?',
  )
  const listOldest = connection.prepare<[number, number], { n: number; keptBytes: number }>(
    'SELECT n, kept_bytes AS keptBytes FROM rejected_deliveries WHERE proven = ? ORDER BY n LIMIT ?',
  )
  const remove = connection.prepare<[number]>('DELETE FROM rejected_deliveries WHERE n = ?')
  // The `+` keeps SQLite from walking an index by cause instead of the recent ones by time.
  const count = connection.prepare<[number], { cause: RejectionCause; count: number }>(
    'SELECT cause, count(*) AS count FROM rejected_deliveries WHERE received_at >= ? GROUP BY +cause',
  )
  const find = connection
    .prepare<[number, string], Cells>(
      `SELECT n, chk, route, received_at, cause, submission_id, file_id, token, bytes, headers, body
        FROM rejected_deliveries WHERE n = ? AND chk = ?`,
    )
    .raw()

  const evict = (kind: 'proven' | 'unproven'): void => {
    const isProven = kind === 'proven' ? 1 : 0
    for (;;) {
      const totals = sum.get(isProven) ?? { count: 0, bytes: 0 }
      const evicted = selectEvicted(kind, totals, listOldest.all(isProven, CONSIDERED))
      for (const { n } of evicted) remove.run(n)
      if (evicted.length < CONSIDERED) return
    }
  }
  return {
    /** Inside a transaction. Returns their ids. */
    keep(rejected: readonly NewRejectedDelivery[]): string[] {
      const inserted: { before: undefined; after: { deliveryId: string; receivedAt: number } }[] = []
      for (const delivery of rejected) {
        const { route, receivedAt, cause, submissionId, fileId, token, bytes, headers, body } = delivery
        const id = ids.delivery()
        const head = [...partsOf(id), ROUTE.to[route], receivedAt, cause, submissionId === null ? 0 : 1]
        insert.run(...head, submissionId, fileId, token, bytes, body.length, JSON.stringify(headers), body)
        inserted.push({ before: undefined, after: { deliveryId: id, receivedAt } })
      }
      const delta = statDelta({ runs: [], deliveries: inserted })
      if (delta !== null) appendDelta.run(JSON.stringify(delta))
      if (rejected.some(({ submissionId }) => submissionId !== null)) evict('proven')
      if (rejected.some(({ submissionId }) => submissionId === null)) evict('unproven')
      return inserted.map(({ after }) => after.deliveryId)
    },
    count: (since: number) => count.all(since),
    find(deliveryId: string): RejectedDelivery | undefined {
      const at = parseId('dlv', deliveryId)
      const cells = at && find.get(at.number, at.check)
      if (cells === undefined) return undefined
      const [n, chk, route, receivedAt, cause, submissionId, fileId, token, bytes, headers, body] = cells
      return {
        deliveryId: formatId('dlv', n, chk),
        route: textOf(ROUTE, route),
        receivedAt,
        cause,
        token,
        submissionId,
        fileId,
        headers: JSON.parse(headers),
        body,
        bytes,
      }
    },
  }
}
