import { formatId, parseId } from '../../domain/ids.ts'
import {
  type ListedNotification,
  type NotificationResult,
  type NotificationState,
  notificationIdOf,
  runIdOf,
} from '../../domain/notification.ts'
import type { NotificationRows } from '../list-branches.ts'
import { waitFor } from '../transaction-work.ts'
import { createNumbers, prepareList } from './list-rows.ts'
import { parseJson } from './rows.ts'
import type { Statements } from './statements.ts'

type ListedCells = [
  n: number,
  chk: string,
  fileId: string | null,
  host: string,
  createdAt: number,
  dueAt: number | null,
  result: NotificationResult['kind'] | null,
  attempts: string | null,
]

const COLUMNS = 'o.n, r.chk, s.file_id, o.host, o.created_at, o.due_at, o.result, o.attempts'

const IN_STATE = {
  waiting: 'o.due_at IS NOT NULL',
  delivered: `o.due_at IS NULL AND o.result = 'delivered'`,
  given_up: `o.due_at IS NULL AND o.result <> 'delivered'`,
} as const satisfies { [state in NotificationState]: string }

/** The reads for the list of notifications and for a single one. A notification has the number of its run. */
export function createNotificationRows(statements: Statements): NotificationRows {
  const { row, join } = statements
  const source = `notifications o ${join} runs r ON r.n = o.n ${join} submissions s ON s.n = r.submission WHERE`
  const list = prepareList<ListedCells>(statements, COLUMNS, 'o.n')
  const findOne = row<ListedCells>(`SELECT ${COLUMNS} FROM ${source} o.n = ? AND r.chk = ?`)
  return {
    numbers: createNumbers(statements, 'run', 'SELECT max(n) FROM notifications'),
    *read({ state, fileId }, { from, before }, limit) {
      const found = yield* list(`${source} ${state === null ? 'true' : IN_STATE[state]}`, [], limit, [
        ['o.n >= ?', from],
        ['o.n < ?', before],
        ['s.file_id = ?', fileId],
      ])
      return found.map(toListedNotification)
    },
    *find(notificationId) {
      const runId = runIdOf(notificationId)
      // `runIdOf` removes the prefix of a notification's id. An id that it returns unchanged is of another kind.
      const parsed = runId === notificationId ? undefined : parseId('run', runId)
      const cells = parsed && (yield* waitFor(findOne(parsed.number, parsed.check)))
      return cells && toListedNotification(cells)
    },
  }
}

function toListedNotification([
  n,
  chk,
  fileId,
  host,
  createdAt,
  dueAt,
  result,
  attempts,
]: ListedCells): ListedNotification {
  const runId = formatId('run', n, chk)
  const endState = result === 'delivered' ? 'delivered' : 'given_up'
  return {
    notificationId: notificationIdOf(runId),
    runId,
    fileId,
    host,
    state: dueAt === null ? endState : 'waiting',
    createdAt,
    dueAt,
    attempts: parseJson<ListedNotification['attempts']>(attempts) ?? [],
  }
}
