import { numberOf, parseId } from '../../domain/ids.ts'
import {
  type DeliveryDetail,
  type DeliveryFilter,
  type ListedDelivery,
  listRejection,
} from '../../domain/listed-delivery.ts'
import type { Run } from '../../domain/run.ts'
import { createDeliveryList } from '../lists.ts'
import type { Window } from '../read-list.ts'
import { OUTCOME } from '../sql/codes.ts'
import {
  DELIVERIES,
  DELIVERY_COLUMNS,
  type DeliveryCells,
  OF_DELIVERY,
  parseJson,
  toDeliveryRow,
} from '../sql/rows.ts'
import { type Connection, statementsOf } from './connection.ts'
import { createNumbers, prepareList } from './list-rows.ts'
import type { RejectedDeliveries } from './rejected-deliveries.ts'

/** Of an asset with more submissions, the deliveries of the newest are listed. */
const MAX_SUBMISSIONS = 1_000

/** A sender that repeats itself without end is not shown whole. */
const MAX_OF_RUN = 1_000

/** Lists deliveries, recorded and rejected ones together, and finds one. */
export function createDeliveryReads(connection: Connection, rejected: RejectedDeliveries) {
  const { rows, value } = statementsOf(connection)
  const listRecorded = prepareList<DeliveryCells>(connection, DELIVERY_COLUMNS, 'd.n')
  const listOfFile = value<number>(
    `WITH newest AS MATERIALIZED (SELECT n FROM submissions WHERE file_id = ? ORDER BY n DESC LIMIT ?)
      SELECT r.settled_by AS n FROM newest CROSS JOIN runs r ON r.submission = newest.n WHERE r.settled_by > 0
      UNION SELECT d.n FROM newest CROSS JOIN deliveries d ON d.submission = newest.n
      UNION SELECT n FROM deliveries WHERE file_id = ?`,
  )
  const listOfRun = rows<DeliveryCells>(
    `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES} WHERE d.n IN (
      SELECT settled_by FROM runs WHERE n = ? UNION
      SELECT n FROM deliveries WHERE submission = ? AND (service = ? OR service IS NULL)) ORDER BY d.n LIMIT ?`,
  )
  const findOne = rows<DeliveryCells>(
    `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES} WHERE d.n = ? AND d.chk = ?`,
  )
  const findBody = rows<[headers: string, body: Buffer]>(
    'SELECT headers, body FROM delivery_bodies WHERE n = ?',
  )

  const numbersOf = (fileId: string, { from, before }: Window): string =>
    JSON.stringify(listOfFile.all(fileId, MAX_SUBMISSIONS, fileId).filter((n) => n >= from && n < before))
  return {
    list: createDeliveryList({
      numbers: createNumbers(
        connection,
        'delivery',
        `SELECT max(ifnull((SELECT max(n) FROM deliveries), 0), ifnull((SELECT max(n) FROM rejected_deliveries), 0))`,
      ),
      readRejected: (...given) => rejected.list(...given),
      readRecorded(filter, window, limit) {
        const { outcome, cause, service, fileId, since, until } = filter
        const exception = fileId === null ? exceptionOf(filter) : null
        const index = exception === null ? 'NOT INDEXED' : 'INDEXED BY deliveries_exception'
        return listRecorded(`deliveries d ${index} ${OF_DELIVERY} WHERE true`, [], limit, [
          ['d.n >= ?', window.from],
          ['d.n < ?', window.before],
          ['d.service = ?', service],
          ['d.received_at >= ?', since],
          ['d.received_at < ?', until],
          ['d.cause = ?', cause],
          ['d.n IN (SELECT value FROM json_each(?))', fileId === null ? null : numbersOf(fileId, window)],
          ['d.outcome = ?', outcome && OUTCOME.to[outcome]],
          ['d.exception = ?', exception && OUTCOME.to[exception]],
        ]).map(toListedDelivery)
      },
    }),
    listOfRun: ({ runId, submissionId, name }: Run): ListedDelivery[] =>
      listOfRun.all(numberOf(runId), numberOf(submissionId), name, MAX_OF_RUN).map(toListedDelivery),
    find(deliveryId: string): DeliveryDetail | undefined {
      const at = parseId('dlv', deliveryId)
      if (at === undefined) return undefined
      const cells = findOne.get(at.number, at.check)
      if (cells !== undefined) {
        const [headers = null, body = null] = findBody.get(at.number) ?? []
        return { ...toListedDelivery(cells), headers: parseJson(headers), body, bytes: body?.length ?? 0 }
      }
      const kept = rejected.find(deliveryId)
      return kept && { ...listRejection(kept), headers: kept.headers, body: kept.body, bytes: kept.bytes }
    },
  }
}

/** What applied deliveries have none of. Only what was ignored has a cause. */
function exceptionOf({ outcome, cause }: DeliveryFilter): DeliveryFilter['outcome'] {
  if (cause !== null) return 'ignored'
  return outcome === 'applied' ? null : outcome
}

function toListedDelivery(cells: DeliveryCells): ListedDelivery {
  const { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service } =
    toDeliveryRow(cells)
  return { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service }
}
