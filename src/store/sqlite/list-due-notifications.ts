import type { DueNotification, HostPlace } from '../../domain/notification.ts'
import type { Statements } from './statements.ts'

/** So many hosts are looked at for a page: each costs looks into the index, whether or not anything is due. */
const HOSTS = 200

export function listDueNotifications(
  statements: Statements,
  now: number,
  { perHost, after, latest }: { perHost: number; after: HostPlace; latest?: number },
): { due: DueNotification[]; next: HostPlace } {
  const due: DueNotification[] = []
  let last = after ?? ''
  for (let looked = 0; looked < HOSTS; looked += 1) {
    const owed = statements.findOwedHost.get({ after: last })
    if (owed === undefined) return { due, next: null }
    const { host, dueAt } = owed
    last = host
    const ofHost =
      dueAt !== null && dueAt <= now ? statements.listDueNotifications.all({ host, now, limit: perHost }) : []
    due.push(...ofHost)
    const limit = perHost - ofHost.length
    if (latest !== undefined && limit > 0)
      due.push(...statements.listMisdatedNotifications.all({ host, latest, limit }))
  }
  return { due, next: last }
}

export function countNotifications(statements: Statements, now: number): { due: number; waiting: number } {
  const { owed, due } = statements.countNotifications.get({ now }) ?? { owed: 0, due: 0 }
  return { due, waiting: owed - due }
}
