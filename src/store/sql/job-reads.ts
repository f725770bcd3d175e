import type { Alert } from '../../domain/alert.ts'
import { formatId } from '../../domain/ids.ts'
import { type DueNotification, notificationIdOf } from '../../domain/notification.ts'
import type { Store } from '../store.ts'
import { type WorkOf, waitFor } from '../transaction-work.ts'
import type { Statements } from './statements.ts'

/** The number of hosts on one page. Each costs index lookups, whether or not anything is due. */
const HOSTS_PER_PAGE = 200

type DueCells = [
  n: number,
  chk: string,
  target: string,
  host: string,
  attempt: number,
  createdAt: number,
  dueAt: number,
  traceparent: string | null,
]

type AlertCells = [
  kind: Alert['kind'],
  extension: string,
  alertId: string,
  state: Alert['state'],
  since: number,
  passedAt: number,
  resolvedAt: number | null,
  value: number,
  isReported: number,
]

/** The reads for background jobs, for metrics, for the start of the process, and for the sessions of operators. */
export function createJobReads({
  rows,
  row,
  value,
}: Statements): WorkOf<
  Pick<
    Store,
    | 'listDueNotifications'
    | 'countNotifications'
    | 'countFailures'
    | 'listAlerts'
    | 'findClockTrust'
    | 'findTokenCheckValue'
    | 'findNewestKeyClaimAt'
    | 'listEndedSessions'
  >
> {
  /** The next host with notifications that have not ended, and the earliest time at which one of them is due. */
  const findNextHost = row<[host: string, dueAt: number]>(
    'SELECT host, due_at FROM notifications WHERE host > ? AND due_at IS NOT NULL ORDER BY host, due_at LIMIT 1',
  )
  const selectDue = `SELECT o.n, r.chk, o.target, o.host, o.attempt, o.created_at, o.due_at, s.traceparent
    FROM notifications o JOIN runs r ON r.n = o.n JOIN submissions s ON s.n = r.submission WHERE o.host = ?`
  const listDue = rows<DueCells>(`${selectDue} AND o.due_at <= ? ORDER BY o.due_at, o.n LIMIT ?`)
  /** Notifications that were created while the clock was ahead: both their times are after the latest due time that is possible now. */
  const listMisdated = rows<DueCells>(
    `${selectDue} AND o.due_at > ? AND o.created_at > ? ORDER BY o.due_at, o.n LIMIT ?`,
  )
  const countDue = row<[all: number, due: number]>(
    'SELECT count(*), count(*) FILTER (WHERE due_at <= ?) FROM notifications WHERE due_at IS NOT NULL',
  )
  const findNextFailedExtension = value<string>(
    'SELECT name FROM runs WHERE failed_at IS NOT NULL AND name > ? ORDER BY name LIMIT 1',
  )
  const countFailures = value<number>(
    'SELECT count(*) FROM (SELECT 1 FROM runs WHERE name = ? AND failed_at >= ? LIMIT ?) AS failed',
  )
  const listAlerts = rows<AlertCells>(
    'SELECT kind, extension, alert_id, state, since, passed_at, resolved_at, value, is_reported FROM alerts ORDER BY alert_id',
  )
  const findMetadata = value<number>('SELECT value FROM metadata WHERE name = ?')
  const findNewestAt = value<number | null>(
    `SELECT max(at) FROM (SELECT (SELECT received_at FROM deliveries ORDER BY n DESC LIMIT 1) AS at
      UNION ALL SELECT (SELECT created_at FROM submissions ORDER BY n DESC LIMIT 1)) AS newest`,
  )
  const findNewestKeyClaim = value<number | null>('SELECT max(claimed_at) FROM idempotency_keys')
  const listEndedSessions = rows<[sessionId: string, endsAt: number]>(
    'SELECT session_id, ends_at FROM ended_sessions',
  )

  return {
    *listDueNotifications(now, { perHost, after, latest }) {
      const found: DueNotification[] = []
      let last = after ?? ''
      for (let checked = 0; checked < HOSTS_PER_PAGE; checked += 1) {
        const [host, dueAt] = (yield* waitFor(findNextHost(last))) ?? []
        if (host === undefined || dueAt === undefined) return { due: found, next: null }
        last = host
        const ofHost = dueAt <= now ? yield* waitFor(listDue(host, now, perHost)) : []
        const limit = perHost - ofHost.length
        const misdated =
          latest !== undefined && limit > 0 ? yield* waitFor(listMisdated(host, latest, latest, limit)) : []
        found.push(...[...ofHost, ...misdated].map(toDueNotification))
      }
      return { due: found, next: last }
    },
    *countNotifications(now) {
      const [all = 0, dueNow = 0] = (yield* waitFor(countDue(now))) ?? []
      return { due: dueNow, waiting: all - dueNow }
    },
    *countFailures(since, atMost) {
      const counts: { extension: string; count: number }[] = []
      // Jumps from one extension name to the next in the index: there are few names, and perhaps millions of failures.
      let name = yield* waitFor(findNextFailedExtension(''))
      while (name !== undefined) {
        counts.push({
          extension: name,
          count: (yield* waitFor(countFailures(name, since, atMost))) ?? 0,
        })
        name = yield* waitFor(findNextFailedExtension(name))
      }
      return counts
    },
    *listAlerts() {
      return (yield* waitFor(listAlerts())).map(toAlert)
    },
    *findClockTrust() {
      const trustedAt = yield* waitFor(findMetadata('clock_trusted_at'))
      if (trustedAt !== undefined)
        return { trustedAt, doubtedMs: (yield* waitFor(findMetadata('clock_doubted_for'))) ?? 0 }
      const newestAt = (yield* waitFor(findNewestAt())) ?? null
      return newestAt === null ? null : { trustedAt: newestAt, doubtedMs: 0 }
    },
    *findTokenCheckValue() {
      return (yield* waitFor(findMetadata('token_check_value'))) ?? null
    },
    *findNewestKeyClaimAt() {
      return (yield* waitFor(findNewestKeyClaim())) ?? null
    },
    *listEndedSessions() {
      return (yield* waitFor(listEndedSessions())).map(([sessionId, endsAt]) => ({ sessionId, endsAt }))
    },
  }
}

function toDueNotification(cells: DueCells): DueNotification {
  const [n, chk, target, host, attempt, createdAt, dueAt, traceparent] = cells
  return {
    notificationId: notificationIdOf(formatId('run', n, chk)),
    target,
    host,
    attempt,
    createdAt,
    dueAt,
    traceparent,
  }
}

function toAlert([
  kind,
  extension,
  alertId,
  state,
  since,
  passedAt,
  resolvedAt,
  value,
  isReported,
]: AlertCells): Alert {
  return { kind, extension, alertId, state, since, passedAt, resolvedAt, value, isReported: isReported === 1 }
}
