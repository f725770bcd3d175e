import { numberOf, parseId } from '../../domain/ids.ts'
import {
  type DeliveryDetail,
  type DeliveryFilter,
  type ListedDelivery,
  listedRejection,
} from '../../domain/listed-delivery.ts'
import type { Run } from '../../domain/run.ts'
import type { DeliveryRows } from '../list-branches.ts'
import type { Window } from '../list-pages.ts'
import { type Work, waitFor } from '../transaction-work.ts'
import { OUTCOME } from './codes.ts'
import { createNumbers, prepareList } from './list-rows.ts'
import type { RejectedDeliveries } from './rejected-deliveries.ts'
import {
  DELIVERIES,
  DELIVERY_COLUMNS,
  DELIVERY_JOINS,
  type DeliveryCells,
  parseJson,
  toDeliveryRow,
} from './rows.ts'
import type { Statements } from './statements.ts'

/** The maximum number of deliveries listed for one run, the oldest first, because a sender may repeat a webhook without end. */
const MAX_DELIVERIES_OF_RUN = 1_000

/** The reads for the list of deliveries and for a single delivery. */
export function createDeliveryReads(statements: Statements, rejected: RejectedDeliveries) {
  const { rows, row, value, values, notIndexed, indexedBy, inNumbers } = statements
  const listRecorded = prepareList<DeliveryCells>(statements, DELIVERY_COLUMNS, 'd.n')
  // An extension webhook that was applied on arrival stores no submission, but the run that it settled has its number.
  const listOfFile = values<number>(
    `WITH asked AS MATERIALIZED (SELECT n FROM submissions WHERE file_id = ?)
      SELECT r.settled_by AS n FROM asked ${statements.join} runs r ON r.submission = asked.n WHERE r.settled_by > 0
      UNION SELECT d.n FROM asked ${statements.join} deliveries d ON d.submission = asked.n
      UNION SELECT n FROM deliveries WHERE file_id = ?`,
  )
  const findSubmissionBeyond = value<number>('SELECT 1 FROM submissions WHERE file_id = ? LIMIT 1 OFFSET ?')
  // A delivery that names no extension, such as one of unknown shape, is listed for each run of its submission.
  const listOfRun = rows<DeliveryCells>(
    `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES} WHERE d.n IN (
      SELECT settled_by FROM runs WHERE n = ? UNION
      SELECT n FROM deliveries WHERE submission = ? AND (service = ? OR service IS NULL)) ORDER BY d.n LIMIT ?`,
  )
  const findOne = row<DeliveryCells>(
    `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES} WHERE d.n = ? AND d.chk = ?`,
  )
  const findBody = row<[headers: string, body: Buffer]>(
    `SELECT b.headers, b.body FROM deliveries d JOIN delivery_bodies b ON b.n = d.n${statements.sameDay('b', 'd')} WHERE d.n = ?`,
  )

  /** The numbers of the deliveries of a file in the window, as a JSON array. */
  function* numbersOf(fileId: string, { from, before }: Window): Work<string> {
    const found = yield* waitFor(listOfFile(fileId, fileId))
    return JSON.stringify(found.filter((n) => n >= from && n < before))
  }
  const list: DeliveryRows = {
    numbers: createNumbers(
      statements,
      'delivery',
      `SELECT max(n) FROM (SELECT max(n) AS n FROM deliveries UNION ALL SELECT max(n) FROM rejected_deliveries) AS last`,
    ),
    readRejected: (...args) => rejected.list(...args),
    *hasMoreSubmissions(fileId, limit) {
      return (yield* waitFor(findSubmissionBeyond(fileId, limit))) !== undefined
    },
    *readRecorded(filter, place, window, limit) {
      const { outcome, cause, service, fileId, since, until } = filter
      const exception = fileId === null ? exceptionOf(filter) : null
      const index = exception === null ? notIndexed : indexedBy('deliveries_exception')
      const found = yield* listRecorded(`deliveries d ${index} ${DELIVERY_JOINS} WHERE true`, [], limit, [
        ['d.n >= ?', window.from],
        ['d.n < ?', window.before],
        ['d.service = ?', service],
        ['d.received_at >= ?', since],
        ['d.received_at < ?', until],
        ['d.cause = ?', cause],
        [`d.n ${inNumbers}`, fileId === null || place !== 'file' ? null : yield* numbersOf(fileId, window)],
        ['? IN (s.file_id, d.file_id)', place === 'file' ? null : fileId],
        ['d.outcome = ?', outcome && OUTCOME.to[outcome]],
        ['d.exception = ?', exception && OUTCOME.to[exception]],
      ])
      return found.map(toListedDelivery)
    },
  }
  return {
    list,
    *listOfRun({ runId, submissionId, name }: Run): Work<ListedDelivery[]> {
      const params = [numberOf(runId), numberOf(submissionId), name, MAX_DELIVERIES_OF_RUN]
      return (yield* waitFor(listOfRun(...params))).map(toListedDelivery)
    },
    *find(deliveryId: string): Work<DeliveryDetail | undefined> {
      const parsed = parseId('dlv', deliveryId)
      if (parsed === undefined) return undefined
      const cells = yield* waitFor(findOne(parsed.number, parsed.check))
      if (cells !== undefined) {
        const [headers = null, body = null] = (yield* waitFor(findBody(parsed.number))) ?? []
        return { ...toListedDelivery(cells), headers: parseJson(headers), body, bytes: body?.length ?? 0 }
      }
      const found = yield* rejected.find(deliveryId)
      return (
        found && { ...listedRejection(found), headers: found.headers, body: found.body, bytes: found.bytes }
      )
    },
  }
}

/**
 * The outcome to look for in the column `exception`; null if the filter implies none. The column repeats the outcome of every
 * recorded delivery except applied extension webhooks. Of the recorded deliveries, only ignored ones have a cause.
 */
function exceptionOf({ outcome, cause }: DeliveryFilter): DeliveryFilter['outcome'] {
  if (cause !== null) return 'ignored'
  return outcome === 'applied' ? null : outcome
}

function toListedDelivery(cells: DeliveryCells): ListedDelivery {
  const { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service } =
    toDeliveryRow(cells)
  return { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service }
}
