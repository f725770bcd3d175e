import type { Alert } from '../../domain/alert.ts'
import type { ClockTrust } from '../../domain/due-time.ts'
import { formatId } from '../../domain/ids.ts'
import { type DueNotification, type HostPlace, notificationIdOf } from '../../domain/notification.ts'
import { type Connection, statementsOf } from './connection.ts'

/** So many hosts are looked at for a page: each costs looks into the index, whether or not anything is due. */
const HOSTS = 200

type DueCells = [
  n: number,
  chk: string,
  target: string,
  host: string,
  attempt: number,
  createdAt: number,
  dueAt: number,
]

/** What jobs read: notifications that are due, alerts, and when the clock was right. */
export function createJobReads(connection: Connection) {
  const { rows, value } = statementsOf(connection)
  const findDueHost = rows<[host: string, dueAt: number]>(
    'SELECT host, due_at FROM notifications WHERE host > ? AND due_at IS NOT NULL ORDER BY host, due_at LIMIT 1',
  )
  const due = `SELECT o.n, r.chk, o.target, o.host, o.attempt, o.created_at, o.due_at FROM notifications o JOIN runs r ON r.n = o.n
    WHERE o.host = ?`
  const listDue = rows<DueCells>(`${due} AND o.due_at <= ? ORDER BY o.due_at, o.n LIMIT ?`)
  const listMisdated = rows<DueCells>(
    `${due} AND o.due_at > ? AND o.created_at > ? ORDER BY o.due_at, o.n LIMIT ?`,
  )
  const countDue = rows<[all: number, due: number]>(
    'SELECT count(*), count(*) FILTER (WHERE due_at <= ?) FROM notifications WHERE due_at IS NOT NULL',
  )
  const findFailedAfter = value<string>(
    'SELECT name FROM runs WHERE failed_at IS NOT NULL AND name > ? ORDER BY name LIMIT 1',
  )
  const countFailures = value<number>(
    'SELECT count(*) FROM (SELECT 1 FROM runs WHERE name = ? AND failed_at >= ? LIMIT ?)',
  )
  const listAlerts = connection.prepare<[], Omit<Alert, 'isTold'> & { isTold: number }>(
    `SELECT kind, extension, alert_id AS alertId, state, since, passed_at AS passedAt, resolved_at AS resolvedAt, value,
      is_told AS isTold FROM alerts ORDER BY rowid`,
  )
  const findPosition = value<number>('SELECT n FROM positions WHERE name = ?')
  const findNewestAt = value<number | null>(
    `SELECT max(at) FROM (SELECT (SELECT received_at FROM deliveries ORDER BY n DESC LIMIT 1) AS at
      UNION ALL SELECT (SELECT created_at FROM submissions ORDER BY n DESC LIMIT 1))`,
  )
  const findNewestClaim = value<number | null>('SELECT max(claimed_at) FROM idempotency_keys')
  const listEndedSessions = connection.prepare<[], { sessionId: string; endsAt: number }>(
    'SELECT session_id AS sessionId, ends_at AS endsAt FROM ended_sessions',
  )

  return {
    listDueNotifications(
      now: number,
      { perHost, after, latest }: { perHost: number; after: HostPlace; latest?: number },
    ): { due: DueNotification[]; next: HostPlace } {
      const found: DueNotification[] = []
      let last = after ?? ''
      for (let looked = 0; looked < HOSTS; looked += 1) {
        const [host, dueAt] = findDueHost.get(last) ?? []
        if (host === undefined || dueAt === undefined) return { due: found, next: null }
        last = host
        const ofHost = dueAt <= now ? listDue.all(host, now, perHost) : []
        const limit = perHost - ofHost.length
        const misdated =
          latest !== undefined && limit > 0 ? listMisdated.all(host, latest, latest, limit) : []
        found.push(...[...ofHost, ...misdated].map(toDueNotification))
      }
      return { due: found, next: last }
    },
    countNotifications(now: number): { due: number; waiting: number } {
      const [all = 0, dueNow = 0] = countDue.get(now) ?? []
      return { due: dueNow, waiting: all - dueNow }
    },
    countFailures(since: number, atMost: number): { extension: string; count: number }[] {
      const counts: { extension: string; count: number }[] = []
      // From name to name in the index: there are few names, and perhaps millions of failures.
      for (let name = findFailedAfter.get(''); name !== undefined; name = findFailedAfter.get(name))
        counts.push({ extension: name, count: countFailures.get(name, since, atMost) ?? 0 })
      return counts
    },
    listAlerts: (): Alert[] => listAlerts.all().map((alert) => ({ ...alert, isTold: alert.isTold === 1 })),
    findClockTrust(): ClockTrust | null {
      const trustedAt = findPosition.get('clock trusted at')
      if (trustedAt !== undefined) return { trustedAt, doubtedMs: findPosition.get('clock doubted for') ?? 0 }
      const newestAt = findNewestAt.get() ?? null
      return newestAt === null ? null : { trustedAt: newestAt, doubtedMs: 0 }
    },
    findNewestClaimAt: (): number | null => findNewestClaim.get() ?? null,
    listEndedSessions: () => listEndedSessions.all(),
  }
}

function toDueNotification([n, chk, target, host, attempt, createdAt, dueAt]: DueCells): DueNotification {
  return {
    notificationId: notificationIdOf(formatId('run', n, chk)),
    target,
    host,
    attempt,
    createdAt,
    dueAt,
  }
}
