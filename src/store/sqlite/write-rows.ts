import type { OtherChanges } from '../../domain/decide/step.ts'
import type { DeliveryRow, RunRow, SubmissionRow } from '../../domain/decide/tables.ts'
import { numberOf } from '../../domain/ids.ts'
import { failureCause } from '../../domain/run-group.ts'
import { isUnderWay } from '../../domain/submission.ts'
import type { BatchChanges, Change } from '../working-set.ts'
import { FINAL_STATUS, KIND, OUTCOME, ROUTE, SIGNATURE, SOURCE, STATE, STATUS } from './codes.ts'
import type { Connection } from './connection.ts'
import { createCurrentRuns } from './current-runs.ts'
import { partsOf, UNBOUND, writeJson } from './rows.ts'

/** Writes what a batch has changed, one table after the other. What the process leaves unfinished is marked with `processId`. */
export function createWriteRows(connection: Connection, processId: number): (changes: BatchChanges) => void {
  const write = (sql: string) => {
    const statement = connection.prepare<unknown[]>(sql)
    return (...params: unknown[]) => statement.run(...params)
  }
  const insertSubmission =
    write(`INSERT INTO submissions (n, chk, kind, state, owner, file_id, file_name, request_id,
    caller_url, key_name, sets_description, created_at, responded_at, updated_at, error, extensions, baseline)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const updateSubmission =
    write(`UPDATE submissions SET state = ?, owner = iif(?, owner, NULL), file_id = ?, file_name = ?,
    request_id = ?, responded_at = ?, updated_at = ?, error = ? WHERE n = ?`)
  const saveDetails = write('UPDATE submissions SET extensions = ?, baseline = ? WHERE n = ?')
  const insertRun =
    write(`INSERT INTO runs (n, chk, submission, name, requested_as, attempt, requested_at, notified,
    status, source, settled_at, updated_at, settled_by, bound_to, hidden, due_at, overdue, attention, cause, failed_at,
    acknowledged_at, contradicted, error, evidence)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  // SQLite rewrites the entries of each index that has a column in the statement, so a success names none.
  const settleRun = write(
    'UPDATE runs SET status = ?, source = ?, settled_at = ?, updated_at = ?, settled_by = ? WHERE n = ?',
  )
  const updateRun =
    write(`UPDATE runs SET status = ?, source = ?, settled_at = ?, updated_at = ?, settled_by = ?, bound_to = ?, hidden = ?,
    due_at = ?, overdue = ?, attention = ?, cause = ?, failed_at = ?, acknowledged_at = ?, contradicted = ?, error = ?,
    evidence = ? WHERE n = ?`)
  const deleteRun = write('DELETE FROM runs WHERE n = ?')
  const insertDelivery =
    write(`INSERT INTO deliveries (n, chk, route, received_at, signature, outcome, run, service, exception,
    submission, cause, final_status, file_id, event_id, request_id, unclaimed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const insertBody = write('INSERT INTO delivery_bodies (n, headers, body) VALUES (?, ?, ?)')
  const updateDelivery =
    write(`UPDATE deliveries SET outcome = ?, run = ?, exception = ?, submission = ?, cause = ?,
    file_id = ?, request_id = ?, unclaimed = ? WHERE n = ?`)
  const deleteRejected = write('DELETE FROM rejected_deliveries WHERE n = ?')
  const insertNotification =
    write(`INSERT INTO notifications (n, target, host, body, attempt, created_at, due_at, result,
    reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const updateNotification =
    write(`UPDATE notifications SET body = iif(?, body, NULL), due_at = ?, attempt = ?,
    result = ?, reason = ? WHERE n = ?`)
  // Enough to keep up: each claim adds one row.
  const expireClaims = write(`DELETE FROM idempotency_keys WHERE scope IN (SELECT scope FROM idempotency_keys
    WHERE claimed_at <= ? AND (answer IS NOT NULL OR abandoned = 1) ORDER BY claimed_at LIMIT 20)`)
  const saveClaim =
    write(`INSERT INTO idempotency_keys (scope, claimed_at, fingerprint, submission, abandoned, owner, answer)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET claimed_at = excluded.claimed_at, fingerprint = excluded.fingerprint,
    submission = excluded.submission, abandoned = excluded.abandoned, owner = excluded.owner, answer = excluded.answer`)
  const deleteClaim = write('DELETE FROM idempotency_keys WHERE scope = ?')
  const updateItem = write(
    'UPDATE retry_items SET state = ?, submission = ?, owner = ?, reason = ? WHERE n = ?',
  )
  const saveLease = write('INSERT OR REPLACE INTO leases (name, holder, epoch, ends_at) VALUES (?, ?, ?, ?)')
  const appendDelta = write('INSERT INTO counter_deltas (delta) VALUES (?)')
  const currentRuns = createCurrentRuns(connection)
  const writeOther = createWriteOther(connection, processId)

  const writeSubmission = ({ before, after }: Change<SubmissionRow>, rows: BatchChanges['rows']): void => {
    if (after === undefined) return
    const state = STATE.to[after.state]
    const error = writeJson(after.error)
    if (before !== undefined) {
      const { fileId, fileName, requestId, respondedAt, updatedAt } = after
      const n = numberOf(after.submissionId)
      const isUnfinished = isUnderWay(after) ? 1 : 0
      updateSubmission(state, isUnfinished, fileId, fileName, requestId, respondedAt, updatedAt, error, n)
      return
    }
    const [number, check] = partsOf(after.submissionId)
    const details = rows.details.find((change) => change.after?.submissionId === after.submissionId)?.after
    insertSubmission(
      number,
      check,
      KIND.to[after.kind],
      state,
      isUnderWay(after) ? processId : null,
      after.fileId,
      after.fileName,
      after.requestId,
      after.callerWebhookUrl,
      after.keyName,
      after.setsDescription ? 1 : 0,
      after.createdAt,
      after.respondedAt,
      after.updatedAt,
      error,
      JSON.stringify(details?.extensions ?? []),
      writeJson(details?.baseline),
    )
  }
  const writeRun = ({ before, after }: Change<RunRow>): void => {
    if (after === undefined) {
      if (before !== undefined) deleteRun(numberOf(before.runId))
      return
    }
    const [number, check] = partsOf(after.runId)
    const status = STATUS.to[after.status]
    const source = SOURCE.to[after.source]
    const settledAt = after.settledAt ?? after.requestedAt
    const settledBy = after.settledBy ?? -number
    if (before !== undefined && before.boundTo === after.boundTo && isPlain(before) && isPlain(after)) {
      settleRun(status, source, settledAt, after.updatedAt, settledBy, number)
      return
    }
    const others = [
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
    if (before !== undefined)
      updateRun(status, source, settledAt, after.updatedAt, settledBy, ...others, number)
    else
      insertRun(
        number,
        check,
        numberOf(after.submissionId),
        after.name,
        after.requestedAs,
        after.attempt,
        after.requestedAt,
        after.isNotified ? 1 : null,
        status,
        source,
        settledAt,
        after.updatedAt,
        settledBy,
        ...others,
      )
  }
  const writeDelivery = ({ before, after }: Change<DeliveryRow>): void => {
    if (after === undefined) return
    const [number, check] = partsOf(after.deliveryId)
    const { unclaimedError, uploadEnd } = after
    const outcome = OUTCOME.to[after.outcome]
    const isPlainOne = before === undefined && isApplied(after)
    const exception = isApplied(after) ? null : outcome
    const run = after.runId === null ? null : numberOf(after.runId)
    const submission = isPlainOne || after.submissionId === null ? null : numberOf(after.submissionId)
    const unclaimed =
      unclaimedError === null && uploadEnd === null ? null : writeJson({ unclaimedError, uploadEnd })
    const fileId = isPlainOne ? null : after.fileId
    const requestId = after.unclaimedRequestId
    if (before !== undefined) {
      updateDelivery(outcome, run, exception, submission, after.cause, fileId, requestId, unclaimed, number)
      return
    }
    const route = ROUTE.to[after.route]
    const signature = SIGNATURE.to[after.signature]
    const status = isPlainOne || after.finalStatus === null ? null : FINAL_STATUS.to[after.finalStatus]
    // A repetition of an event has taken no effect.
    const eventId = after.outcome === 'duplicate' ? null : after.eventId
    const given = [number, check, route, after.receivedAt, signature, outcome, run, after.service, exception]
    insertDelivery(...given, submission, after.cause, status, fileId, eventId, requestId, unclaimed)
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
  const write = (sql: string) => {
    const statement = connection.prepare<unknown[]>(sql)
    return (...params: unknown[]) => statement.run(...params)
  }
  const insertAct = write(
    'INSERT INTO audit_log (at, actor, kind, subject, reason, details) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const insertRetry = write('INSERT INTO retries (retry_id, created_at, actor) VALUES (?, ?, ?)')
  const insertItem = write(`INSERT INTO retry_items (retry, run, state) VALUES (?, ?, 'waiting')`)
  const saveAlert = write(
    `INSERT INTO alerts (kind, extension, alert_id, state, since, passed_at, resolved_at, value, is_told)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET alert_id = excluded.alert_id, state = excluded.state,
      since = excluded.since, passed_at = excluded.passed_at, resolved_at = excluded.resolved_at, value = excluded.value,
      is_told = excluded.is_told`,
  )
  const deleteAlert = write('DELETE FROM alerts WHERE alert_id = ? AND state = ?')
  const noteAlertTold = write('UPDATE alerts SET is_told = 1 WHERE alert_id = ? AND state = ?')
  const deleteOverSessions = write('DELETE FROM ended_sessions WHERE ends_at <= ?')
  const insertEndedSession = write('INSERT OR IGNORE INTO ended_sessions (session_id, ends_at) VALUES (?, ?)')
  const savePosition = write('INSERT OR REPLACE INTO positions (name, n) VALUES (?, ?)')
  const saveHeartbeat = write('INSERT OR REPLACE INTO processes (id, heartbeat_at) VALUES (?, ?)')
  const deleteProcesses = write('DELETE FROM processes WHERE heartbeat_at <= ? AND id <> ?')
  const insertProbe = write('INSERT INTO probes (filler) VALUES (zeroblob(8192))')
  const deleteProbes = write('DELETE FROM probes')

  return ({ acts = [], retry, alerts = [], reportedAlert, endedSession, clockTrust, ...process }) => {
    const { heartbeatAt, silentSince, probe } = process
    for (const { at, actor, kind, subject, reason, details } of acts)
      insertAct(at, actor, kind, subject, reason, writeJson(details))
    if (retry) {
      const { lastInsertRowid } = insertRetry(retry.retryId, retry.at, retry.actor)
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
