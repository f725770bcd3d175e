import { type Key, type LOOKUPS } from '../../domain/decide/step.ts'
import type { LeaseRow, NotificationRow, Tables } from '../../domain/decide/tables.ts'
import type { RejectionCause } from '../../domain/delivery.ts'
import { formatId, type IdKind, parseId } from '../../domain/ids.ts'
import { hostOf, notificationIdOf, runIdOf } from '../../domain/notification.ts'
import type { RetryItemState } from '../../domain/retry.ts'
import { digestOf } from '../forget-asset.ts'
import type { WorkingSet } from '../working-set.ts'
import type { Connection } from './connection.ts'
import {
  DELIVERIES,
  DELIVERY_COLUMNS,
  parseJson,
  RUN_COLUMNS,
  RUNS,
  SUBMISSION_COLUMNS,
  toDeliveryRow,
  toRunRow,
  toSubmissionRow,
} from './rows.ts'

type Kind = Exclude<Key[0], 'forgotten'>

type Found<K extends Kind> = Tables[K extends keyof typeof LOOKUPS ? (typeof LOOKUPS)[K] : K & keyof Tables][]

type Finders = { [K in Kind]: (id: string, name: string) => Found<K> }

/** Loads the rows of a batch. Work of `processId` counts as under way, not as abandoned. */
export function createLoadRows(
  connection: Connection,
  processId: number,
): (keys: readonly Key[], into: WorkingSet) => void {
  const finders = createFinders(connection, processId)
  const findForgotten = connection
    .prepare<[Buffer], number>('SELECT 1 FROM forgotten WHERE digest = ?')
    .pluck()
  return (keys, into) => {
    for (const key of keys) {
      if (into.isLoaded(key)) continue
      const [kind, id, name = ''] = key
      if (kind === 'forgotten') into.loadForgotten(id, findForgotten.get(digestOf(id)) !== undefined)
      else into.load(key, finders[kind](id, name))
    }
  }
}

/** Finds a lease by its name. Use it inside a transaction only. */
export function createLeaseReads(connection: Connection, processId: number): (name: string) => LeaseRow[] {
  const find = connection.prepare<[string], { holder: number; epoch: number; endsAt: number }>(
    'SELECT holder, epoch, ends_at AS endsAt FROM leases WHERE name = ?',
  )
  return (name) =>
    find.all(name).map(({ holder, ...lease }) => ({ ...lease, name, isOurs: holder === processId }))
}

function createFinders(connection: Connection, processId: number): Finders {
  const where =
    <Cells extends unknown[], Row>(select: string, toRow: (cells: Cells) => Row) =>
    (condition: string) => {
      const statement = connection.prepare<unknown[], Cells>(`${select} WHERE ${condition}`).raw()
      return (...params: unknown[]): Row[] => statement.all(...params).map(toRow)
    }
  /** Of at most one row: to read on until there is no other took half as long again. */
  const one =
    <Cells extends unknown[], Row>(select: string, toRow: (cells: Cells) => Row) =>
    (condition: string) => {
      const statement = connection.prepare<unknown[], Cells>(`${select} WHERE ${condition}`).raw()
      return (...params: unknown[]): Row[] => {
        const cells = statement.get(...params)
        return cells === undefined ? [] : [toRow(cells)]
      }
    }
  const byId =
    <Row>(kind: IdKind, find: (n: number, chk: string) => Row[]) =>
    (id: string): Row[] => {
      const at = parseId(kind, id)
      return at === undefined ? [] : find(at.number, at.check)
    }
  const byIdAndName =
    <Row>(find: (n: number, chk: string, name: string) => Row[]) =>
    (id: string, name: string): Row[] => {
      const at = parseId('sub', id)
      return at === undefined ? [] : find(at.number, at.check, name)
    }
  const byText =
    <Row>(find: (text: string) => Row[]) =>
    (text: string): Row[] =>
      find(text)
  const abandoned =
    <Row>(find: (processId: number, aliveSince: number) => Row[]) =>
    (aliveSince: string): Row[] =>
      find(processId, Number(aliveSince))
  const SUBMISSION = `SELECT ${SUBMISSION_COLUMNS} FROM submissions s`
  const submissions = where(SUBMISSION, toSubmissionRow)
  const submission = one(SUBMISSION, toSubmissionRow)
  const RUN = `SELECT ${RUN_COLUMNS} FROM runs r`
  const runs = where(RUN, toRunRow)
  const run = one(RUN, toRunRow)
  const current = where(`SELECT ${RUN_COLUMNS} FROM current_runs c JOIN runs r ON r.n = c.run`, toRunRow)
  const unsettled = where(`SELECT ${RUN_COLUMNS} FROM ${RUNS}`, toRunRow)
  const deliveries = where(`SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES}`, toDeliveryRow)
  const claims = where(
    `SELECT k.scope, k.claimed_at, k.fingerprint, s.n, s.chk, k.abandoned, k.answer
      FROM idempotency_keys k LEFT JOIN submissions s ON s.n = k.submission`,
    toClaim,
  )
  const items = where(
    'SELECT i.n, i.state, s.n, s.chk, i.reason, i.owner FROM retry_items i LEFT JOIN submissions s ON s.n = i.submission',
    (cells: ItemCells) => toItem(cells, processId),
  )
  const details = where('SELECT n, chk, extensions, baseline FROM submissions', toDetails)
  const bodies = where(
    'SELECT b.n, d.chk, b.body FROM delivery_bodies b JOIN deliveries d ON d.n = b.n',
    toBody,
  )
  const rejected = where('SELECT n, chk, cause FROM rejected_deliveries', toRejected)
  const notifications = where(
    `SELECT r.n, r.chk, o.target, o.body, o.attempt, o.created_at, o.due_at, o.result, o.reason
      FROM notifications o JOIN runs r ON r.n = o.n`,
    toNotification,
  )
  const isAbandoned = 'NOT IN (SELECT id FROM processes WHERE id = ? OR heartbeat_at > ?)'

  const findNotification = byId('run', notifications('o.n = ? AND r.chk = ?'))
  return {
    submissions: byId('sub', submission('s.n = ? AND s.chk = ?')),
    details: byId('sub', details('n = ? AND chk = ?')),
    runs: byId('run', run('r.n = ? AND r.chk = ?')),
    runNamed: byIdAndName(run('r.submission = ? AND r.chk = ? AND r.name = ?')),
    runsOf: byId('sub', runs('r.submission = ? AND r.chk = ? ORDER BY r.n')),
    unsettledOf: byText(unsettled('s.file_id = ? AND r.hidden IS NULL AND r.status IN (0, 3) ORDER BY r.n')),
    currentOf: byText(current('c.file_id = ? ORDER BY r.submission, r.n')),
    submissionsOf: byText(submissions('s.file_id = ? LIMIT 1')),
    unansweredOf: byText(submissions('s.request_id = ? AND s.baseline IS NULL ORDER BY s.n LIMIT 1')),
    unfinishedSubmissions: abandoned(
      submissions(
        `s.n IN (SELECT n FROM submissions INDEXED BY submissions_owner WHERE owner IS NOT NULL AND owner ${isAbandoned}) ORDER BY s.n`,
      ),
    ),
    deliveries: byId('dlv', deliveries('d.n = ? AND d.chk = ?')),
    unclaimedOf: byIdAndName(
      deliveries(
        `d.submission = ? AND s.chk = ? AND d.service = ? AND d.cause = 'not_requested' ORDER BY d.n`,
      ),
    ),
    endsOf: byText(deliveries('d.request_id = ? ORDER BY d.n')),
    eventOf: byText(deliveries('d.event_id = ?')),
    bodies: byId('dlv', bodies('b.n = ? AND d.chk = ?')),
    rejected: byId('dlv', rejected('n = ? AND chk = ?')),
    notifications: (id) => findNotification(runIdOf(id)),
    claims: byText(claims('k.scope = ?')),
    unansweredClaims: abandoned(
      claims(
        `k.scope IN (SELECT scope FROM idempotency_keys INDEXED BY idempotency_keys_unanswered WHERE answer IS NULL AND owner ${isAbandoned})
          ORDER BY k.claimed_at`,
      ),
    ),
    retryItems: byText(items('i.n = ?')),
    leases: byText(createLeaseReads(connection, processId)),
    unfinishedItems: abandoned(items(`i.state = 'submitting' AND i.owner ${isAbandoned} ORDER BY i.n`)),
  }
}

function toDetails([n, chk, extensions, baseline]: [
  number,
  string,
  string,
  string | null,
]): Tables['details'] {
  return {
    submissionId: formatId('sub', n, chk),
    extensions: JSON.parse(extensions),
    baseline: parseJson(baseline),
  }
}

function toBody([n, chk, body]: [number, string, Buffer]): Tables['bodies'] {
  return { deliveryId: formatId('dlv', n, chk), body }
}

function toRejected([n, chk, cause]: [number, string, RejectionCause]): Tables['rejected'] {
  return { deliveryId: formatId('dlv', n, chk), cause }
}

function toNotification([n, chk, target, body, attempt, createdAt, dueAt, result, reason]: [
  n: number,
  chk: string,
  target: string,
  body: string | null,
  attempt: number,
  createdAt: number,
  dueAt: number | null,
  result: NotificationRow['result'],
  reason: string | null,
]): NotificationRow {
  const runId = formatId('run', n, chk)
  const notificationId = notificationIdOf(runId)
  const host = hostOf(target)
  return { notificationId, runId, target, host, body, attempt, createdAt, dueAt, result, reason }
}

type SubmissionLink = [submission: number | null, chk: string | null]

function toClaim([scope, claimedAt, fingerprint, n, chk, abandoned, answer]: [
  scope: string,
  claimedAt: number,
  fingerprint: string | null,
  ...SubmissionLink,
  abandoned: number,
  answer: string | null,
]): Tables['claims'] {
  const submissionId = n === null || chk === null ? null : formatId('sub', n, chk)
  return {
    scope,
    claimedAt,
    fingerprint,
    submissionId,
    abandoned: abandoned === 1,
    answer: parseJson(answer),
  }
}

type ItemCells = [
  itemId: number,
  state: RetryItemState,
  ...SubmissionLink,
  reason: string | null,
  owner: number | null,
]

function toItem([itemId, state, n, chk, reason, owner]: ItemCells, processId: number): Tables['retryItems'] {
  const submissionId = n === null || chk === null ? null : formatId('sub', n, chk)
  return { itemId, state, submissionId, reason, isForeign: owner !== null && owner !== processId }
}
