import type { DeliveryRow, RunRow, SubmissionRow } from '../../domain/decide/rows.ts'
import { runOf } from '../../domain/decide/submission-state.ts'
import { checkOf, formatId, numberOf } from '../../domain/ids.ts'
import { isFinal, type Run } from '../../domain/run.ts'
import type { Submission } from '../../domain/submission.ts'
import { FINAL_STATUS, KIND, OUTCOME, ROUTE, SIGNATURE, SOURCE, STATE, STATUS, textOf } from './codes.ts'

/* Rows are read as arrays, with columns in the order given here: reading objects from SQLite took three times as long. */

export const RUNS = 'runs r JOIN submissions s ON s.n = r.submission'

export const RUN_COLUMNS = `r.n, r.chk, r.submission, r.name, r.requested_as, r.attempt, r.requested_at, r.status, r.source,
  r.settled_at, r.updated_at, r.settled_by, r.bound_to, r.notifies_caller, r.hidden, r.due_at, r.overdue, r.acknowledged_at,
  r.contradicted, r.error, r.evidence`

export type RunCells = [
  n: number,
  chk: string,
  submission: number,
  name: string,
  requestedAs: string | null,
  attempt: number,
  requestedAt: number,
  status: number,
  source: number,
  settledAt: number,
  updatedAt: number,
  settledBy: number,
  boundTo: string,
  notifiesCaller: number | null,
  hidden: number | null,
  dueAt: number | null,
  overdue: number | null,
  acknowledgedAt: number | null,
  contradicted: number | null,
  error: string | null,
  evidence: string | null,
]

/** The cells after the 21 columns of a run. */
export function cellsAfterRun<Others extends unknown[]>(cells: [...RunCells, ...Others]): Others {
  return cells.slice(21) as Others
}

export function toRunRow(cells: [...RunCells, ...unknown[]]): RunRow {
  const status = textOf(STATUS, cells[7])
  return {
    runId: formatId('run', cells[0], cells[1]),
    submissionId: formatId('sub', cells[2], cells[1]),
    name: cells[3],
    requestedAs: cells[4],
    status,
    source: textOf(SOURCE, cells[8]),
    attempt: cells[5],
    requestedAt: cells[6],
    settledAt: isFinal(status) ? cells[9] : null,
    updatedAt: cells[10],
    error: parseJson(cells[19]),
    evidence: parseJson(cells[20]),
    contradicted: cells[18] === 1,
    acknowledgedAt: cells[17],
    dueAt: cells[15],
    isOverdue: cells[16] === 1,
    isListed: cells[14] === null,
    settledBy: cells[11] > 0 ? cells[11] : null,
    boundTo: cells[12] === UNBOUND ? null : cells[12],
    notifiesCaller: cells[13] === 1,
  }
}

/** Stands for no file: as wide as an ImageKit file id, so that the row of a run does not grow when its submission is bound. */
export const UNBOUND = ' '.repeat(24)

export function toRun(cells: [...RunCells, ...unknown[]]): Run {
  return runOf(toRunRow(cells))
}

/** The columns of `submissions s`, without the large ones that few decisions need. */
export const SUBMISSION_COLUMNS = `s.n, s.chk, s.kind, s.state, s.file_id, s.file_name, s.request_id, s.caller_url, s.key_name,
  s.sets_description, s.created_at, s.responded_at, s.updated_at, s.error, s.traceparent`

export type SubmissionCells = [
  n: number,
  chk: string,
  kind: number,
  state: number,
  fileId: string | null,
  fileName: string | null,
  requestId: string | null,
  callerUrl: string | null,
  keyName: string | null,
  setsDescription: number,
  createdAt: number,
  respondedAt: number | null,
  updatedAt: number,
  error: string | null,
  traceparent: string | null,
]

/** Includes the large columns. */
export const WHOLE_SUBMISSION_COLUMNS = `${SUBMISSION_COLUMNS}, s.extensions, s.baseline`

export type WholeSubmissionCells = [...SubmissionCells, extensions: string, baseline: string | null]

export function toSubmission(cells: WholeSubmissionCells): Submission {
  const { respondedAt: _, ...row } = toSubmissionRow(cells.slice(0, 15) as SubmissionCells)
  return { ...row, extensions: JSON.parse(cells[15]), baseline: parseJson(cells[16]) }
}

export function toSubmissionRow(cells: SubmissionCells): SubmissionRow {
  return {
    submissionId: formatId('sub', cells[0], cells[1]),
    kind: textOf(KIND, cells[2]),
    state: textOf(STATE, cells[3]),
    fileId: cells[4],
    fileName: cells[5],
    callerWebhookUrl: cells[7],
    keyName: cells[8],
    requestId: cells[6],
    error: parseJson(cells[13]),
    setsDescription: cells[9] === 1,
    traceparent: cells[14],
    createdAt: cells[10],
    updatedAt: cells[12],
    respondedAt: cells[11],
  }
}

/**
 * The columns of `deliveries d`, with the ids of the run `r` and the submission `s` that the delivery concerns. The file of an
 * applied extension webhook is that of its submission.
 */
export const DELIVERY_COLUMNS = `d.n, d.chk, d.route, d.received_at, d.signature, d.outcome, d.cause, d.service, d.final_status,
  CASE WHEN d.exception IS NULL THEN s.file_id ELSE d.file_id END, d.event_id, d.request_id, d.unclaimed, s.n, s.chk, r.n, r.chk`

/**
 * Joins the run and the submission of a delivery, if it has them. An extension webhook that was applied on arrival stores only its
 * run. Any other delivery stores the submission that it concerns, if any, and perhaps no run; then the run is found by its name.
 */
export const DELIVERY_JOINS = `LEFT JOIN runs r ON r.n = coalesce(d.run, (SELECT n FROM runs WHERE submission = d.submission AND name = d.service))
  LEFT JOIN submissions s ON s.n = coalesce(d.submission, r.submission)`

export const DELIVERIES = `deliveries d ${DELIVERY_JOINS}`

export type DeliveryCells = [
  n: number,
  chk: string,
  route: number,
  receivedAt: number,
  signature: number,
  outcome: number,
  cause: string | null,
  service: string | null,
  finalStatus: number | null,
  fileId: string | null,
  eventId: string | null,
  requestId: string | null,
  unclaimed: string | null,
  submission: number | null,
  submissionChk: string | null,
  run: number | null,
  runChk: string | null,
]

export function toDeliveryRow(cells: DeliveryCells): DeliveryRow {
  const unclaimed = parseJson<Pick<DeliveryRow, 'unclaimedError' | 'uploadEnd'>>(cells[12])
  return {
    deliveryId: formatId('dlv', cells[0], cells[1]),
    route: textOf(ROUTE, cells[2]),
    receivedAt: cells[3],
    outcome: textOf(OUTCOME, cells[5]),
    // Only causes of this type are ever stored.
    cause: cells[6] as DeliveryRow['cause'],
    signature: textOf(SIGNATURE, cells[4]),
    submissionId: idOf('sub', cells[13], cells[14]),
    runId: idOf('run', cells[15], cells[16]),
    fileId: cells[9],
    service: cells[7],
    finalStatus: cells[8] === null ? null : textOf(FINAL_STATUS, cells[8]),
    unclaimedError: unclaimed?.unclaimedError ?? null,
    eventId: cells[10],
    unclaimedRequestId: cells[11],
    uploadEnd: unclaimed?.uploadEnd ?? null,
    sent: null,
  }
}

/** The row number and the random bits of an id made by the store. */
export function partsOf(id: string): [n: number, chk: string] {
  return [numberOf(id), checkOf(id)]
}

function idOf(kind: 'sub' | 'run', n: number | null, chk: string | null): string | null {
  return n === null || chk === null ? null : formatId(kind, n, chk)
}

/** Parses a JSON column. `T` must be the type of the values that are written to the column. */
export function parseJson<T>(text: string | null): T | null {
  return text === null ? null : JSON.parse(text)
}

export function writeJson(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value)
}
