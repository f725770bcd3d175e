import type { RejectionCause } from '../../domain/delivery.ts'
import { formatId, numberOf, parseId } from '../../domain/ids.ts'
import type { DeliveryDetail, DeliveryFilter, ListedDelivery } from '../../domain/listed-delivery.ts'
import { hourOf } from '../../domain/stat-counters.ts'
import { OUTCOME, ROUTE, textOf } from './codes.ts'
import type { Connection } from './connection.ts'
import { createCache } from './list-runs.ts'
import {
  DELIVERIES,
  DELIVERY_COLUMNS,
  type DeliveryCells,
  OF_DELIVERY,
  parseJson,
  toDeliveryRow,
} from './rows.ts'
import { HOURS } from './stats.ts'
import { readWindows, type Window } from './windows.ts'

/** Of an asset with more submissions, the deliveries of the newest are listed. */
const MAX_SUBMISSIONS = 1_000

/** A sender that repeats itself without end is not shown whole. */
const MAX_OF_RUN = 1_000

type RejectedCells = [
  n: number,
  chk: string,
  route: number,
  receivedAt: number,
  cause: RejectionCause,
  submissionId: string | null,
]

/** Lists deliveries, recorded and rejected ones together, the newest first, and finds one. */
export function createDeliveryList(connection: Connection) {
  const prepare = createCache((sql) => connection.prepare<unknown[], DeliveryCells>(sql).raw())
  const listRejected = connection
    .prepare<unknown[], RejectedCells>(
      `SELECT n, chk, route, received_at, cause, submission_id FROM rejected_deliveries WHERE n >= ? AND n < ?
        AND cause = ifnull(?, cause) AND received_at >= ? AND received_at < ? ORDER BY n DESC LIMIT ?`,
    )
    .raw()
  const findLast = connection
    .prepare<[], number>(
      `SELECT max(ifnull((SELECT max(n) FROM deliveries), 0), ifnull((SELECT max(n) FROM rejected_deliveries), 0))`,
    )
    .pluck()
  const findBounds = connection
    .prepare<[number, number], [least: number | null, greatest: number | null]>(
      `SELECT min(delivery_least), max(delivery_greatest) FROM ${HOURS} WHERE hour >= ? AND hour <= ?`,
    )
    .raw()
  const listOfFile = connection
    .prepare<unknown[], number>(
      `WITH newest AS MATERIALIZED (SELECT n FROM submissions WHERE file_id = ? ORDER BY n DESC LIMIT ?)
        SELECT r.settled_by AS n FROM newest CROSS JOIN runs r ON r.submission = newest.n WHERE r.settled_by > 0
        UNION SELECT d.n FROM newest CROSS JOIN deliveries d ON d.submission = newest.n
        UNION SELECT n FROM deliveries WHERE file_id = ?`,
    )
    .pluck()
  const listOfRun = connection
    .prepare<unknown[], DeliveryCells>(
      `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES} WHERE d.n IN (
        SELECT settled_by FROM runs WHERE n = ? UNION
        SELECT n FROM deliveries WHERE submission = ? AND (service = ? OR service IS NULL)) ORDER BY d.n LIMIT ?`,
    )
    .raw()
  const findOne = connection
    .prepare<[number, string], DeliveryCells>(
      `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES} WHERE d.n = ? AND d.chk = ?`,
    )
    .raw()
  const findBody = connection.prepare<[number], { headers: string; body: Buffer }>(
    'SELECT headers, body FROM delivery_bodies WHERE n = ?',
  )
  const findRejected = connection
    .prepare<[number, string], [...RejectedCells, headers: string, body: Buffer, bytes: number]>(
      `SELECT n, chk, route, received_at, cause, submission_id, headers, body, bytes FROM rejected_deliveries
        WHERE n = ? AND chk = ?`,
    )
    .raw()

  const boundsOf = ({ since, until }: DeliveryFilter): Window | undefined => {
    if (since === null && until === null) return { from: 1, before: (findLast.get() ?? 0) + 1 }
    const last = until === null ? Number.MAX_SAFE_INTEGER : hourOf(until - 1)
    const first = since === null ? Number.MIN_SAFE_INTEGER : hourOf(since)
    const [least = null, greatest = null] = findBounds.get(first, last) ?? []
    return least === null || greatest === null ? undefined : { from: least, before: greatest + 1 }
  }
  const readRejected = (
    filter: DeliveryFilter,
    { from, before }: Window,
    limit: number,
  ): ListedDelivery[] => {
    const { outcome, cause, service, fileId, since, until } = filter
    const isAsked = (outcome === null || outcome === 'rejected') && service === null && fileId === null
    if (!isAsked) return []
    const times = [since ?? Number.MIN_SAFE_INTEGER, until ?? Number.MAX_SAFE_INTEGER]
    return listRejected.all(from, before, cause, ...times, limit).map(toListedRejected)
  }
  const readRecorded = (
    filter: DeliveryFilter,
    { from, before }: Window,
    limit: number,
  ): ListedDelivery[] => {
    const { outcome, cause, service, fileId, since, until } = filter
    if (outcome === 'rejected') return []
    const conditions = ['d.n >= ?', 'd.n < ?']
    const params: unknown[] = [from, before]
    const add = (condition: string, ...values: unknown[]) => {
      conditions.push(condition)
      params.push(...values)
    }
    if (service !== null) add('d.service = ?', service)
    if (since !== null) add('d.received_at >= ?', since)
    if (until !== null) add('d.received_at < ?', until)
    if (cause !== null) add('d.cause = ?', cause)
    if (fileId !== null) {
      const numbers = listOfFile.all(fileId, MAX_SUBMISSIONS, fileId).filter((n) => n >= from && n < before)
      add('d.n IN (SELECT value FROM json_each(?))', JSON.stringify(numbers))
    }
    if (outcome !== null) add('d.outcome = ?', OUTCOME.to[outcome])
    // Only what was ignored has a cause.
    const exception = cause !== null ? 'ignored' : outcome === 'applied' ? null : outcome
    const isByException = fileId === null && exception !== null
    if (isByException) add('d.exception = ?', OUTCOME.to[exception])
    const index = isByException ? 'INDEXED BY deliveries_exception' : 'NOT INDEXED'
    const sql = `SELECT ${DELIVERY_COLUMNS} FROM deliveries d ${index} ${OF_DELIVERY} WHERE ${conditions.join(' AND ')}
      ORDER BY d.n DESC LIMIT ?`
    return prepare(sql)
      .all(...params, limit)
      .map(toListedDelivery)
  }

  return {
    async list(
      filter: DeliveryFilter,
      { limit, before }: { limit: number; before: number | null },
    ): Promise<{ deliveries: ListedDelivery[]; next: number | null }> {
      const bounds = boundsOf(filter)
      if (bounds === undefined) return { deliveries: [], next: null }
      const window = { from: bounds.from, before: Math.min(bounds.before, before ?? bounds.before) }
      const { rows, next } = await readWindows<ListedDelivery>(window, limit, {
        isWindowed: filter.fileId === null,
        numberOf: ({ deliveryId }) => numberOf(deliveryId),
        read: (part, most) =>
          [...readRecorded(filter, part, most), ...readRejected(filter, part, most)]
            .toSorted((one, other) => numberOf(other.deliveryId) - numberOf(one.deliveryId))
            .slice(0, most),
      })
      return { deliveries: rows, next }
    },
    /** Those that report on a run, and those of its submission that could not be understood; the oldest first. */
    listOfRun: (n: number, submission: number, name: string): ListedDelivery[] =>
      listOfRun.all(n, submission, name, MAX_OF_RUN).map(toListedDelivery),
    find(deliveryId: string): DeliveryDetail | undefined {
      const at = parseId('dlv', deliveryId)
      if (at === undefined) return undefined
      const cells = findOne.get(at.number, at.check)
      if (cells !== undefined) {
        const { headers = null, body = null } = findBody.get(at.number) ?? {}
        const bytes = body?.length ?? 0
        return { ...toListedDelivery(cells), headers: parseJson(headers), body, bytes }
      }
      const rejected = findRejected.get(at.number, at.check)
      if (rejected === undefined) return undefined
      const [n, chk, route, receivedAt, cause, submissionId, headers, body, bytes] = rejected
      const listed = toListedRejected([n, chk, route, receivedAt, cause, submissionId])
      return { ...listed, headers: JSON.parse(headers), body, bytes }
    },
  }
}

function toListedDelivery(cells: DeliveryCells): ListedDelivery {
  const { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service } =
    toDeliveryRow(cells)
  return { deliveryId, route, receivedAt, outcome, cause, signature, submissionId, runId, fileId, service }
}

function toListedRejected([n, chk, route, receivedAt, cause, submissionId]: RejectedCells): ListedDelivery {
  const nothing = { signature: null, runId: null, fileId: null, service: null }
  const deliveryId = formatId('dlv', n, chk)
  return {
    deliveryId,
    route: textOf(ROUTE, route),
    receivedAt,
    outcome: 'rejected',
    cause,
    submissionId,
    ...nothing,
  }
}
