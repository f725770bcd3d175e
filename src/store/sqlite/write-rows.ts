import type { OtherChanges } from '../../domain/decide/step.ts'
import type { DeliveryRow, RunRow, SubmissionRow } from '../../domain/decide/tables.ts'
import { numberOf } from '../../domain/ids.ts'
import { failureCause } from '../../domain/run-group.ts'
import { isUnderWay } from '../../domain/submission.ts'
import type { BatchChanges, Change } from '../working-set.ts'
import { FINAL_STATUS, KIND, OUTCOME, ROUTE, SIGNATURE, SOURCE, STATE, STATUS } from './codes.ts'
import { type Connection, statementsOf } from './connection.ts'
import { createCurrentRuns } from './current-runs.ts'
import { partsOf, UNBOUND, writeJson } from './rows.ts'

/** What a webhook that reports a success changes of a run: SQLite rewrites the entries of each index that has a named column. */
const SETTLING = 'status, source, settled_at, updated_at, settled_by'
const BESIDES_SETTLING = `bound_to, hidden, due_at, overdue, attention, cause, failed_at, acknowledged_at, contradicted,
  error, evidence`

/** What a submission that claims a delivery changes of it. */
const CLAIMED = 'outcome, run, exception, submission, cause, file_id, request_id, unclaimed'

/** Writes what a batch has changed, one table after the other. What the process leaves unfinished is marked with `processId`. */
export function createWriteRows(connection: Connection, processId: number): (changes: BatchChanges) => void {
  const { run, insert, update } = statementsOf(connection)
  const insertSubmission = insert(
    'submissions',
    `n, chk, kind, state, owner, file_id, file_name, request_id, caller_url, key_name, sets_description, created_at,
      responded_at, updated_at, error, extensions, baseline`,
  )
  const updateSubmission =
    run(`UPDATE submissions SET state = ?, owner = iif(?, owner, NULL), file_id = ?, file_name = ?,
    request_id = ?, responded_at = ?, updated_at = ?, error = ? WHERE n = ?`)
  const saveDetails = update('submissions', 'extensions, baseline')
  const insertRun = insert(
    'runs',
    `n, chk, submission, name, requested_as, attempt, requested_at, notified, ${SETTLING}, ${BESIDES_SETTLING}`,
  )
  const settleRun = update('runs', SETTLING)
  const updateRun = update('runs', `${SETTLING}, ${BESIDES_SETTLING}`)
  const deleteRun = run('DELETE FROM runs WHERE n = ?')
  const insertDelivery = insert(
    'deliveries',
    `n, chk, route, received_at, signature, service, final_status, event_id, ${CLAIMED}`,
  )
  const updateDelivery = update('deliveries', CLAIMED)
  const insertBody = insert('delivery_bodies', 'n, headers, body')
  const deleteRejected = run('DELETE FROM rejected_deliveries WHERE n = ?')
  const insertNotification = insert(
    'notifications',
    'n, target, host, body, attempt, created_at, due_at, result, reason',
    'OR IGNORE',
  )
  const updateNotification = run(`UPDATE notifications SET body = iif(?, body, NULL), due_at = ?, attempt = ?,
    result = ?, reason = ? WHERE n = ?`)
  // Enough to keep up: each claim adds one row.
  const expireClaims = run(`DELETE FROM idempotency_keys WHERE scope IN (SELECT scope FROM idempotency_keys
    WHERE claimed_at <= ? AND (answer IS NOT NULL OR abandoned = 1) ORDER BY claimed_at LIMIT 20)`)
  const saveClaim = insert(
    'idempotency_keys',
    'scope, claimed_at, fingerprint, submission, abandoned, owner, answer',
    'OR REPLACE',
  )
  const deleteClaim = run('DELETE FROM idempotency_keys WHERE scope = ?')
  const updateItem = update('retry_items', 'state, submission, owner, reason')
  const saveLease = insert('leases', 'name, holder, epoch, ends_at', 'OR REPLACE')
  const appendDelta = insert('counter_deltas', 'delta')
  const currentRuns = createCurrentRuns(connection)
  const writeOther = createWriteOther(connection, processId)

  const writeSubmission = ({ before, after }: Change<SubmissionRow>, rows: BatchChanges['rows']): void => {
    if (after === undefined) return
    const { submissionId, fileId, fileName, requestId, createdAt, respondedAt, updatedAt } = after
    const [number, check] = partsOf(submissionId)
    const state = STATE.to[after.state]
    const error = writeJson(after.error)
    if (before !== undefined) {
      const isUnfinished = isUnderWay(after) ? 1 : 0
      updateSubmission(
        state,
        isUnfinished,
        fileId,
        fileName,
        requestId,
        respondedAt,
        updatedAt,
        error,
        number,
      )
      return
    }
    const details = rows.details.find((change) => change.after?.submissionId === submissionId)?.after
    const head = [number, check, KIND.to[after.kind], state, isUnderWay(after) ? processId : null]
    const file = [fileId, fileName, requestId, after.callerWebhookUrl, after.keyName]
    const times = [after.setsDescription ? 1 : 0, createdAt, respondedAt, updatedAt]
    const extensions = JSON.stringify(details?.extensions ?? [])
    insertSubmission(...head, ...file, ...times, error, extensions, writeJson(details?.baseline))
  }
  const writeRun = ({ before, after }: Change<RunRow>): void => {
    if (after === undefined) {
      if (before !== undefined) deleteRun(numberOf(before.runId))
      return
    }
    const [number, check] = partsOf(after.runId)
    const settledAt = after.settledAt ?? after.requestedAt
    const status = STATUS.to[after.status]
    const source = SOURCE.to[after.source]
    const settledBy = after.settledBy ?? -number
    if (before !== undefined && before.boundTo === after.boundTo && isPlain(before) && isPlain(after)) {
      settleRun(status, source, settledAt, after.updatedAt, settledBy, number)
      return
    }
    const state = [
      status,
      source,
      settledAt,
      after.updatedAt,
      settledBy,
      after.boundTo ?? UNBOUND,
      after.isListed ? null : 1,
      after.dueAt,
      after.isOverdue ? 1 : null,
      after.isListed ? ATTENTION[after.status] : null,
      failureCause(after),
      after.isListed && after.status === 'failed' ? settledAt : null,
      after.acknowledgedAt,
      after.contradicted ? 1 : null,
      writeJson(after.error),
      writeJson(after.evidence),
    ]
    if (before !== undefined) {
      updateRun(...state, number)
      return
    }
    const { submissionId, name, requestedAs, attempt, requestedAt, isNotified } = after
    const submission = numberOf(submissionId)
    const notified = isNotified ? 1 : null
    insertRun(number, check, submission, name, requestedAs, attempt, requestedAt, notified, ...state)
  }
  const writeDelivery = ({ before, after }: Change<DeliveryRow>): void => {
    if (after === undefined) return
    const { deliveryId, receivedAt, service, cause, unclaimedError, uploadEnd } = after
    const [number, check] = partsOf(deliveryId)
    const isPlainOne = before === undefined && isApplied(after)
    const outcome = OUTCOME.to[after.outcome]
    const exception = isApplied(after) ? null : outcome
    const run = after.runId === null ? null : numberOf(after.runId)
    const submission = isPlainOne || after.submissionId === null ? null : numberOf(after.submissionId)
    const fileId = isPlainOne ? null : after.fileId
    const requestId = after.unclaimedRequestId
    const unclaimed =
      unclaimedError === null && uploadEnd === null ? null : writeJson({ unclaimedError, uploadEnd })
    if (before !== undefined) {
      updateDelivery(outcome, run, exception, submission, cause, fileId, requestId, unclaimed, number)
      return
    }
    const status = isPlainOne || after.finalStatus === null ? null : FINAL_STATUS.to[after.finalStatus]
    // A repetition of an event has taken no effect.
    const eventId = after.outcome === 'duplicate' ? null : after.eventId
    const given = [ROUTE.to[after.route], receivedAt, SIGNATURE.to[after.signature], service, status, eventId]
    const claimed = [outcome, run, exception, submission, cause, fileId, requestId, unclaimed]
    insertDelivery(number, check, ...given, ...claimed)
  }

  return ({ rows, others, stats }) => {
    for (const change of rows.submissions) writeSubmission(change, rows)
    for (const { before, after } of rows.details)
      if (before && after)
        saveDetails(JSON.stringify(after.extensions), writeJson(after.baseline), numberOf(after.submissionId))
    for (const change of rows.runs) writeRun(change)
    currentRuns.refresh(rows)
    for (const change of rows.deliveries) writeDelivery(change)
    for (const { before, after } of rows.deliveries)
      if (before === undefined && after?.sent)
        insertBody(numberOf(after.deliveryId), JSON.stringify(after.sent.headers), after.sent.body)
    for (const { before } of rows.rejected) if (before) deleteRejected(numberOf(before.deliveryId))
    for (const { before, after } of rows.notifications) {
      if (after === undefined) continue
      const { target, host, body, attempt, createdAt, dueAt, result, reason } = after
      const n = numberOf(after.runId)
      if (before !== undefined) updateNotification(dueAt === null ? 0 : 1, dueAt, attempt, result, reason, n)
      else insertNotification(n, target, host, body, attempt, createdAt, dueAt, result, reason)
    }
    // Before: a claim that is answered in this batch stays, as it does where the answer comes later.
    for (const { expireClaims: expiredAt } of others) if (expiredAt !== undefined) expireClaims(expiredAt)
    for (const { before, after } of rows.claims)
      if (after === undefined) deleteClaim(before?.scope)
      else {
        const { scope, claimedAt, fingerprint, submissionId, abandoned, answer } = after
        const submission = submissionId === null ? null : numberOf(submissionId)
        saveClaim(scope, claimedAt, fingerprint, submission, abandoned ? 1 : 0, processId, writeJson(answer))
      }
    for (const { after } of rows.retryItems) {
      if (after === undefined) continue
      const { itemId, state, submissionId, reason } = after
      const owner = state === 'submitting' ? processId : null
      updateItem(state, submissionId === null ? null : numberOf(submissionId), owner, reason, itemId)
    }
    for (const { after } of rows.leases)
      if (after) saveLease(after.name, after.isOurs ? processId : NOBODY, after.epoch, after.endsAt)
    for (const other of others) writeOther(other)
    if (stats !== null) appendDelta(JSON.stringify(stats))
  }
}

/** No process has this number. */
const NOBODY = 0

const ATTENTION = { pending: null, success: null, failed: 1, expired: 2 } as const

/** Nothing about it is an exception, so only the columns that every run has can change. */
function isPlain(run: RunRow): boolean {
  return (
    (run.status === 'pending' || run.status === 'success') &&
    run.isListed &&
    run.dueAt === null &&
    !run.isOverdue &&
    run.acknowledgedAt === null &&
    !run.contradicted &&
    run.error === null &&
    run.evidence === null
  )
}

/** An extension webhook that took effect: its run has the rest. */
function isApplied({ outcome, route, runId }: DeliveryRow): boolean {
  return outcome === 'applied' && route === 'extension' && runId !== null
}

function createWriteOther(connection: Connection, processId: number): (other: OtherChanges) => void {
  const { run, insert } = statementsOf(connection)
  const insertAct = insert('audit_log', 'at, actor, kind, subject, reason, details')
  const insertRetry = connection.prepare<[string, number, string]>(
    'INSERT INTO retries (retry_id, created_at, actor) VALUES (?, ?, ?)',
  )
  const insertItem = run(`INSERT INTO retry_items (retry, run, state) VALUES (?, ?, 'waiting')`)
  const saveAlert = run(
    `INSERT INTO alerts (kind, extension, alert_id, state, since, passed_at, resolved_at, value, is_told)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET alert_id = excluded.alert_id, state = excluded.state,
      since = excluded.since, passed_at = excluded.passed_at, resolved_at = excluded.resolved_at, value = excluded.value,
      is_told = excluded.is_told`,
  )
  const deleteAlert = run('DELETE FROM alerts WHERE alert_id = ? AND state = ?')
  const noteAlertTold = run('UPDATE alerts SET is_told = 1 WHERE alert_id = ? AND state = ?')
  const deleteOverSessions = run('DELETE FROM ended_sessions WHERE ends_at <= ?')
  const insertEndedSession = insert('ended_sessions', 'session_id, ends_at', 'OR IGNORE')
  const savePosition = insert('positions', 'name, n', 'OR REPLACE')
  const saveHeartbeat = insert('processes', 'id, heartbeat_at', 'OR REPLACE')
  const deleteProcesses = run('DELETE FROM processes WHERE heartbeat_at <= ? AND id <> ?')
  const insertProbe = run('INSERT INTO probes (filler) VALUES (zeroblob(8192))')
  const deleteProbes = run('DELETE FROM probes')

  return ({ acts = [], retry, alerts = [], reportedAlert, endedSession, clockTrust, ...process }) => {
    const { heartbeatAt, silentSince, probe } = process
    for (const { at, actor, kind, subject, reason, details } of acts)
      insertAct(at, actor, kind, subject, reason, writeJson(details))
    if (retry) {
      const { lastInsertRowid } = insertRetry.run(retry.retryId, retry.at, retry.actor)
      for (const runId of retry.runIds) insertItem(lastInsertRowid, numberOf(runId))
    }
    for (const alert of alerts) {
      const { kind, extension, alertId, state, since, passedAt, resolvedAt, value, isTold } = alert
      saveAlert(kind, extension, alertId, state, since, passedAt, resolvedAt, value, isTold ? 1 : 0)
    }
    if (reportedAlert?.state === 'resolved') deleteAlert(reportedAlert.alertId, reportedAlert.state)
    else if (reportedAlert) noteAlertTold(reportedAlert.alertId, reportedAlert.state)
    if (endedSession) {
      deleteOverSessions(endedSession.forgetBefore)
      insertEndedSession(endedSession.sessionId, endedSession.endsAt)
    }
    if (clockTrust) {
      savePosition('clock trusted at', clockTrust.trustedAt)
      savePosition('clock doubted for', clockTrust.doubtedMs)
    }
    if (heartbeatAt !== undefined) saveHeartbeat(processId, heartbeatAt)
    if (silentSince !== undefined) deleteProcesses(silentSince, processId)
    if (probe) {
      // A row that is rewritten in place would succeed on a full disk.
      insertProbe()
      deleteProbes()
    }
  }
}
