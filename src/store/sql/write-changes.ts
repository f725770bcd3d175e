import { submissionsToRefresh } from '../../domain/current-runs.ts'
import type { DeliveryRow, NotificationRow, RunRow, SubmissionRow } from '../../domain/decide/rows.ts'
import type { OtherChanges } from '../../domain/decide/step.ts'
import { numberOf } from '../../domain/ids.ts'
import { failureCause } from '../../domain/run-group.ts'
import { MAX_SIGN_IN_NAMES } from '../../domain/sign-in.ts'
import { isInProgress } from '../../domain/submission.ts'
import { type Awaitable, type Work, waitFor } from '../transaction-work.ts'
import type { BatchChanges, Change } from '../working-set.ts'
import { ATTENTION, FINAL_STATUS, KIND, OUTCOME, ROUTE, SIGNATURE, SOURCE, STATE, STATUS } from './codes.ts'
import type { CurrentRuns } from './current-runs.ts'
import type { RowWriter } from './row-writes.ts'
import { partsOf, UNBOUND, writeJson } from './rows.ts'

/**
 * Writes the changes of a batch, one table after another. `flush` executes the writes that `to` has collected. Rows of unfinished
 * work are marked with `processId`.
 */
export function createWriteChanges(
  to: RowWriter,
  currentRuns: CurrentRuns,
  { flush, processId }: { flush: () => Awaitable<void>; processId: number },
): (changes: BatchChanges) => Work<void> {
  const writeSubmission = ({ before, after }: Change<SubmissionRow>, rows: BatchChanges['rows']): void => {
    if (after === undefined) return
    const { submissionId, fileId, fileName, requestId, createdAt, respondedAt, updatedAt } = after
    const [number, check] = partsOf(submissionId)
    const state = STATE.to[after.state]
    const error = writeJson(after.error)
    if (before !== undefined) {
      const responded = [state, fileId, fileName, requestId, respondedAt, updatedAt, error, number]
      if (isInProgress(after)) to.updateSubmission(...responded)
      else to.endSubmission(null, ...responded)
      return
    }
    const details = rows.details.find((change) => change.after?.submissionId === submissionId)?.after
    const head = [number, check, KIND.to[after.kind], state, isInProgress(after) ? processId : null]
    const file = [fileId, fileName, requestId, after.callerWebhookUrl, after.keyName]
    const times = [after.setsDescription ? 1 : 0, createdAt, respondedAt, updatedAt]
    const extensions = JSON.stringify(details?.extensions ?? [])
    to.insertSubmission(
      ...head,
      ...file,
      ...times,
      error,
      extensions,
      writeJson(details?.baseline),
      after.traceparent,
    )
  }
  const writeRun = ({ before, after }: Change<RunRow>): void => {
    if (after === undefined) {
      if (before !== undefined) to.deleteRun(numberOf(before.runId))
      return
    }
    const [number, check] = partsOf(after.runId)
    // Without a settling time or delivery, these columns have fillers, so that the row does not grow when the run settles.
    const settledAt = after.settledAt ?? after.requestedAt
    const status = STATUS.to[after.status]
    const source = SOURCE.to[after.source]
    const settledBy = after.settledBy ?? -number
    if (before !== undefined && before.boundTo === after.boundTo && isPlain(before) && isPlain(after)) {
      to.settleRun(status, source, settledAt, after.updatedAt, settledBy, number)
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
      after.isListed ? ATTENTION_BY_STATUS[after.status] : null,
      failureCause(after),
      after.isListed && after.status === 'failed' ? settledAt : null,
      after.acknowledgedAt,
      after.contradicted ? 1 : null,
      writeJson(after.error),
      writeJson(after.evidence),
    ]
    if (before !== undefined) {
      to.updateRun(...state, number)
      return
    }
    const { submissionId, name, requestedAs, attempt, requestedAt, notifiesCaller } = after
    const submission = numberOf(submissionId)
    const notifies = notifiesCaller ? 1 : null
    to.insertRun(number, check, submission, name, requestedAs, attempt, requestedAt, notifies, ...state)
  }
  const writeDelivery = ({ before, after }: Change<DeliveryRow>): void => {
    if (after === undefined) return
    const { deliveryId, receivedAt, service, cause, unclaimedError, uploadEnd } = after
    const [number, check] = partsOf(deliveryId)
    const isAppliedOnArrival = before === undefined && isApplied(after)
    const outcome = OUTCOME.to[after.outcome]
    const exception = isApplied(after) ? null : outcome
    const run = after.runId === null ? null : numberOf(after.runId)
    const submission = isAppliedOnArrival || after.submissionId === null ? null : numberOf(after.submissionId)
    const fileId = isAppliedOnArrival ? null : after.fileId
    const requestId = after.unclaimedRequestId
    const unclaimed =
      unclaimedError === null && uploadEnd === null ? null : writeJson({ unclaimedError, uploadEnd })
    if (before !== undefined) {
      to.updateDelivery(outcome, run, exception, submission, cause, fileId, requestId, unclaimed, number)
      return
    }
    const status =
      isAppliedOnArrival || after.finalStatus === null ? null : FINAL_STATUS.to[after.finalStatus]
    // Only the first delivery of an event stores the event's id, not its repetitions: the ids are unique.
    const eventId = after.outcome === 'duplicate' ? null : after.eventId
    const received = [
      ROUTE.to[after.route],
      receivedAt,
      SIGNATURE.to[after.signature],
      service,
      status,
      eventId,
    ]
    const claimed = [outcome, run, exception, submission, cause, fileId, requestId, unclaimed]
    to.insertDelivery(number, check, ...received, ...claimed)
    if (after.sent) to.insertBody(number, JSON.stringify(after.sent.headers), after.sent.body)
  }

  return function* ({ rows, others, stats }) {
    for (const change of rows.submissions) writeSubmission(change, rows)
    for (const { before, after } of rows.details)
      if (before && after)
        to.saveDetails(
          JSON.stringify(after.extensions),
          writeJson(after.baseline),
          numberOf(after.submissionId),
        )
    for (const change of rows.runs) writeRun(change)
    const toRefresh = submissionsToRefresh(rows)
    if (toRefresh.size > 0) {
      yield* waitFor(flush())
      yield* currentRuns.refresh(toRefresh)
    }
    for (const change of rows.deliveries) writeDelivery(change)
    // A rejected delivery is only ever removed here, when it is replayed.
    for (const { before } of rows.rejected) if (before) to.deleteRejected(numberOf(before.deliveryId))
    for (const change of rows.notifications) writeNotification(to, change)
    for (const { before, after } of rows.claims) {
      if (after === undefined) {
        if (before !== undefined) to.deleteClaim(before.scope)
        continue
      }
      const { scope, nonce, claimedAt, fingerprint, submissionId, abandoned, response } = after
      const submission = submissionId === null ? null : numberOf(submissionId)
      const state = [claimedAt, fingerprint, submission, abandoned ? 1 : 0, processId, writeJson(response)]
      to.saveClaim(scope, nonce, ...state)
    }
    for (const { after } of rows.retryItems) {
      if (after === undefined) continue
      const { itemId, state, submissionId, reason } = after
      const owner = state === 'submitting' ? processId : null
      to.updateRetryItem(state, submissionId === null ? null : numberOf(submissionId), owner, reason, itemId)
    }
    for (const { after } of rows.leases)
      if (after) to.saveLease(after.name, after.isOurs ? processId : NO_PROCESS, after.epoch, after.endsAt)
    for (const { before, after } of rows.signIns)
      if (after) to.saveSignIn(after.name, JSON.stringify(after.times), after.times.at(-1) ?? 0)
      else if (before) to.deleteSignIn(before.name)
    for (const other of others) {
      writeOther(to, other, processId)
      // The changes of the next step may save or delete the same rows.
      yield* waitFor(flush())
    }
    const signInsSince = others.flatMap((other) => other.signInsSince ?? [])
    if (signInsSince.length > 0) {
      to.deleteOldSignIns(Math.max(...signInsSince))
      to.deleteSurplusSignIns(MAX_SIGN_IN_NAMES)
    }
    if (stats !== null) to.appendDelta(JSON.stringify(stats))
    yield* waitFor(flush())
  }
}

/** The holder of a released lease: no process has this number. */
const NO_PROCESS = 0

const ATTENTION_BY_STATUS = { pending: null, success: null, ...ATTENTION } as const

/** Whether the columns for exceptional states are empty. If they are before and after a change, `settleRun` need not write them. */
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

/**
 * Whether it is an applied extension webhook. If it was applied on arrival, the row of the delivery refers only to the run,
 * whose row has the submission, the file and the status.
 */
function isApplied({ outcome, route, runId }: DeliveryRow): boolean {
  return outcome === 'applied' && route === 'extension' && runId !== null
}

function writeNotification(to: RowWriter, { before, after }: Change<NotificationRow>): void {
  if (after === undefined) return
  const { target, host, body, attempt, createdAt, dueAt, result, reason, attempts } = after
  const n = numberOf(after.runId)
  const tried = [dueAt, attempt, result, reason, attempts.length === 0 ? null : writeJson(attempts)]
  if (before === undefined) to.insertNotification(n, target, host, body, createdAt, ...tried)
  else if (dueAt === null) to.endNotification(null, ...tried, n)
  else if (before.dueAt === null) to.resendNotification(body, createdAt, ...tried, n)
  else to.updateNotification(...tried, n)
}

function writeOther(to: RowWriter, other: OtherChanges, processId: number): void {
  const {
    auditEntries = [],
    retry,
    alerts = [],
    reportedAlert,
    endedSession,
    clockTrust,
    tokenCheckValue,
  } = other
  const { heartbeatAt, silentSince, probe } = other
  for (const { at, actor, kind, subject, reason, details } of auditEntries)
    to.insertAuditEntry(at, actor, kind, subject, reason, writeJson(details))
  if (retry) {
    to.insertRetry(retry.retryId, retry.at, retry.actor)
    for (const runId of retry.runIds) to.insertRetryItem(numberOf(runId), retry.retryId)
  }
  for (const alert of alerts) {
    const { kind, extension, alertId, state, since, passedAt, resolvedAt, value, isReported } = alert
    to.saveAlert(kind, extension, alertId, state, since, passedAt, resolvedAt, value, isReported ? 1 : 0)
  }
  if (reportedAlert?.state === 'resolved') to.deleteAlert(reportedAlert.alertId, reportedAlert.state)
  else if (reportedAlert) to.markAlertReported(reportedAlert.alertId, reportedAlert.state)
  if (endedSession) {
    to.deletePastSessions(endedSession.forgetBefore)
    to.insertEndedSession(endedSession.sessionId, endedSession.endsAt)
  }
  if (clockTrust) {
    to.saveMetadata('clock_trusted_at', clockTrust.trustedAt)
    to.saveMetadata('clock_doubted_for', clockTrust.doubtedMs)
  }
  if (tokenCheckValue !== undefined) to.saveMetadata('token_check_value', tokenCheckValue)
  if (heartbeatAt !== undefined) to.saveHeartbeat(processId, heartbeatAt)
  if (silentSince !== undefined) to.deleteProcesses(silentSince, processId)
  if (probe) {
    // Updating a row in place would succeed on a full disk.
    to.insertProbe(Buffer.alloc(8192))
    to.deleteProbes()
  }
}
