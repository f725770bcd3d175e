import type { LeaseRow, NotificationRow, SignInRow, Tables } from '../../domain/decide/rows.ts'
import type { Key, LOOKUPS } from '../../domain/decide/step.ts'
import type { RejectionCause } from '../../domain/delivery.ts'
import { formatId, type IdKind, parseId } from '../../domain/ids.ts'
import { hostOf, notificationIdOf, runIdOf } from '../../domain/notification.ts'
import type { RetryItemState } from '../../domain/retry.ts'
import { STATUS } from './codes.ts'
import type { Cell } from './row-writes.ts'
import {
  DELIVERIES,
  DELIVERY_COLUMNS,
  parseJson,
  RUN_COLUMNS,
  SUBMISSION_COLUMNS,
  toDeliveryRow,
  toRunRow,
  toSubmissionRow,
} from './rows.ts'
import type { Dialect } from './statements.ts'

type Kind = Exclude<Key[0], 'forgotten'>

/** The type of the rows that a key of this kind finds. */
type Found<K extends Kind> = Tables[K extends keyof typeof LOOKUPS ? (typeof LOOKUPS)[K] : K & keyof Tables]

type ParamsOf = (id: string, name: string) => Cell[] | undefined

/** Finds the rows of a key. */
export type Finder<Row> = {
  sql: string
  /** Undefined if the id is malformed. */
  paramsOf: ParamsOf
  /** Whether only the first row is read. Only for a statement that returns at most one. */
  isSingle: boolean
  /** Converts the cells that the statement selects. */
  toRow: (cells: never) => Row
}

const byText: ParamsOf = (text) => [text]

const byNumber: ParamsOf = (text) => [Number(text)]

const byId =
  (kind: IdKind): ParamsOf =>
  (id) => {
    const parsed = parseId(kind, id)
    return parsed && [parsed.number, parsed.check]
  }

const byNotificationId: ParamsOf = (id) => byId('run')(runIdOf(id), '')

const bySubmissionAndName: ParamsOf = (id, name) => {
  const parsed = parseId('sub', id)
  return parsed && [parsed.number, parsed.check, name]
}

function many<Cells, Row>(sql: string, paramsOf: ParamsOf, toRow: (cells: Cells) => Row): Finder<Row> {
  return { sql, paramsOf, isSingle: false, toRow }
}

function one<Cells, Row>(sql: string, paramsOf: ParamsOf, toRow: (cells: Cells) => Row): Finder<Row> {
  return { sql, paramsOf, isSingle: true, toRow }
}

/** Limits the lookup of a file's unsettled runs to its newest submissions, because a file may have thousands. */
const MAX_SUBMISSIONS = 100

/* Statements up to their conditions. */

const SUBMISSION = `SELECT ${SUBMISSION_COLUMNS} FROM submissions s WHERE`
const RUN = `SELECT ${RUN_COLUMNS} FROM runs r WHERE`
const DELIVERY = `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERIES} WHERE`
export const CLAIM = `SELECT k.scope, k.nonce, k.claimed_at, k.fingerprint, s.n, s.chk, k.abandoned, k.response
  FROM idempotency_keys k LEFT JOIN submissions s ON s.n = k.submission WHERE`
const ITEM = `SELECT i.n, i.state, s.n, s.chk, i.reason, i.owner
  FROM retry_items i LEFT JOIN submissions s ON s.n = i.submission WHERE`
/** Follows an owner in a condition: it is neither the process with this id, nor one with a heartbeat after this time. */
const HAS_ENDED = 'NOT IN (SELECT id FROM processes WHERE id = ? OR heartbeat_at > ?)'

/** Creates a finder for each kind of key. Work of `processId` is in progress, so no key finds it as unfinished. */
export function createFinders(
  processId: number,
  { indexedBy, sameDay }: Pick<Dialect, 'indexedBy' | 'sameDay'>,
): { [K in Kind]: Finder<Found<K>> } {
  const byAliveSince: ParamsOf = (aliveSince) => [processId, Number(aliveSince)]
  const toItemRow = (cells: ItemCells) => toItem(cells, processId)
  return {
    submissions: one(`${SUBMISSION} s.n = ? AND s.chk = ?`, byId('sub'), toSubmissionRow),
    details: one(
      'SELECT n, chk, extensions, baseline FROM submissions WHERE n = ? AND chk = ?',
      byId('sub'),
      toDetails,
    ),
    runs: one(`${RUN} r.n = ? AND r.chk = ?`, byId('run'), toRunRow),
    runNamed: one(`${RUN} r.submission = ? AND r.chk = ? AND r.name = ?`, bySubmissionAndName, toRunRow),
    runsOf: many(`${RUN} r.submission = ? AND r.chk = ? ORDER BY r.n`, byId('sub'), toRunRow),
    unsettledOf: many(
      `SELECT ${RUN_COLUMNS} FROM runs r WHERE r.submission IN (
        SELECT n FROM submissions WHERE file_id = ? ORDER BY n DESC LIMIT ${MAX_SUBMISSIONS})
        AND r.hidden IS NULL AND r.status IN (${STATUS.to.pending}, ${STATUS.to.expired}) ORDER BY r.n`,
      byText,
      toRunRow,
    ),
    currentOf: many(
      `SELECT ${RUN_COLUMNS} FROM current_runs c JOIN runs r ON r.n = c.run WHERE c.file_id = ? ORDER BY r.submission, r.n`,
      byText,
      toRunRow,
    ),
    submissionOf: many(`${SUBMISSION} s.file_id = ? LIMIT 1`, byText, toSubmissionRow),
    awaitingFile: many(
      `${SUBMISSION} s.request_id = ? AND s.baseline IS NULL ORDER BY s.n LIMIT 1`,
      byText,
      toSubmissionRow,
    ),
    unfinishedSubmissions: many(
      `${SUBMISSION} s.n IN (SELECT n FROM submissions ${indexedBy('submissions_owner')}
        WHERE owner IS NOT NULL AND owner ${HAS_ENDED}) ORDER BY s.n`,
      byAliveSince,
      toSubmissionRow,
    ),
    deliveries: one(`${DELIVERY} d.n = ? AND d.chk = ?`, byId('dlv'), toDeliveryRow),
    unclaimedOf: many(
      `${DELIVERY} d.submission = ? AND s.chk = ? AND d.service = ? AND d.cause = 'not_requested' ORDER BY d.n`,
      bySubmissionAndName,
      toDeliveryRow,
    ),
    uploadEndsOf: many(`${DELIVERY} d.request_id = ? ORDER BY d.n`, byText, toDeliveryRow),
    firstDeliveryOf: many(`${DELIVERY} d.event_id = ?`, byText, toDeliveryRow),
    bodies: one(
      `SELECT d.n, d.chk, b.body FROM deliveries d JOIN delivery_bodies b ON b.n = d.n${sameDay('b', 'd')} WHERE d.n = ? AND d.chk = ?`,
      byId('dlv'),
      toBody,
    ),
    rejected: one(
      'SELECT n, chk, cause FROM rejected_deliveries WHERE n = ? AND chk = ?',
      byId('dlv'),
      toRejected,
    ),
    notifications: one(
      `SELECT r.n, r.chk, o.target, o.body, o.attempt, o.created_at, o.due_at, o.result, o.reason, o.attempts
        FROM notifications o JOIN runs r ON r.n = o.n WHERE o.n = ? AND r.chk = ?`,
      byNotificationId,
      toNotification,
    ),
    claims: one(`${CLAIM} k.scope = ?`, byText, toClaim),
    unfinishedClaims: many(
      `${CLAIM} k.scope IN (SELECT scope FROM idempotency_keys ${indexedBy('idempotency_keys_in_progress')}
        WHERE response IS NULL AND owner ${HAS_ENDED}) ORDER BY k.claimed_at`,
      byAliveSince,
      toClaim,
    ),
    retryItems: one(`${ITEM} i.n = ?`, byNumber, toItemRow),
    unfinishedItems: many(
      `${ITEM} i.state = 'submitting' AND i.owner ${HAS_ENDED} ORDER BY i.n`,
      byAliveSince,
      toItemRow,
    ),
    leases: one(
      'SELECT name, holder, epoch, ends_at FROM leases WHERE name = ?',
      byText,
      ([name, holder, epoch, endsAt]: [string, number, number, number]): LeaseRow => ({
        name,
        epoch,
        endsAt,
        isOurs: holder === processId,
      }),
    ),
    signIns: one(
      'SELECT name, times FROM sign_in_failures WHERE name = ?',
      byText,
      ([name, times]: [string, string]): SignInRow => ({ name, times: JSON.parse(times) }),
    ),
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

function toNotification([n, chk, target, body, attempt, createdAt, dueAt, result, reason, attemptsJson]: [
  n: number,
  chk: string,
  target: string,
  body: string | null,
  attempt: number,
  createdAt: number,
  dueAt: number | null,
  result: NotificationRow['result'],
  reason: string | null,
  attemptsJson: string | null,
]): NotificationRow {
  const runId = formatId('run', n, chk)
  const notificationId = notificationIdOf(runId)
  const host = hostOf(target)
  const attempts = parseJson<NotificationRow['attempts']>(attemptsJson) ?? []
  return { notificationId, runId, target, host, body, attempt, createdAt, dueAt, result, reason, attempts }
}

type SubmissionLink = [submission: number | null, chk: string | null]

export type ClaimCells = [
  scope: string,
  nonce: string,
  claimedAt: number,
  fingerprint: string | null,
  ...SubmissionLink,
  abandoned: number,
  response: string | null,
]

export function toClaim([
  scope,
  nonce,
  claimedAt,
  fingerprint,
  n,
  chk,
  abandoned,
  response,
]: ClaimCells): Tables['claims'] {
  const submissionId = n === null || chk === null ? null : formatId('sub', n, chk)
  return {
    scope,
    nonce,
    claimedAt,
    fingerprint,
    submissionId,
    abandoned: abandoned === 1,
    response: parseJson(response),
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
