import type { Change } from '../../domain/judge-delivery.ts'
import {
  type DueNotification,
  type HostPlace,
  hostOf,
  type NotificationResult,
  notificationIdOf,
  owesNotification,
} from '../../domain/notification.ts'
import type { Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import type { Statements } from './statements.ts'
import type { StoredSubmission, Writer } from './stored-submission.ts'

/** Writes down what the caller is owed to be told of a change. `bodyOf` is asked only for what is owed. */
export function oweNotifications(
  { statements, tallies }: Writer,
  before: Pick<StoredSubmission, 'runs'>,
  change: Pick<Change<Pick<Submission, 'callerWebhookUrl'>>, 'submission' | 'runs'>,
  at: number,
  bodyOf: (run: Run) => string | undefined,
): void {
  const target = change.submission.callerWebhookUrl
  for (const run of change.runs) {
    const old = before.runs.find(({ runId }) => runId === run.runId)
    const body = owesNotification(change.submission, old, run) ? bodyOf(run) : undefined
    if (body === undefined) continue
    const { runId } = run
    const notificationId = notificationIdOf(runId)
    statements.insertNotification.run({ runId, notificationId, target, host: hostOf(target ?? ''), body, at })
    tallies.owe()
  }
}

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

/** Of a notification that is over already nothing changes. */
export function settleNotification(
  statements: Statements,
  notificationId: string,
  result: NotificationResult,
): void {
  switch (result.kind) {
    case 'again':
      statements.repeatNotification.run({ notificationId, at: result.at, reason: result.reason })
      return
    case 'delivered':
      statements.endNotification.run({ notificationId, result: result.kind, reason: null })
      return
    case 'gone':
    case 'refused':
    case 'given_up':
      statements.endNotification.run({ notificationId, result: result.kind, reason: result.reason })
  }
}
