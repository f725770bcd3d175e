import type { OtherChanges } from '../../domain/decide/step.ts'
import type { DeliveryRow, RunRow, Tables } from '../../domain/decide/tables.ts'
import { numberOf } from '../../domain/ids.ts'
import type { BatchChanges, Change } from '../working-set.ts'
import { refreshCurrentRuns } from './find-asset.ts'
import type { Places } from './places.ts'
import type { Statements } from './statements.ts'
import type { Tallies } from './tallies.ts'

/** Writes what a batch has changed, one table after the other. */
export function writeRows(
  statements: Statements,
  tallies: Tallies,
  places: Places,
  { rows, others }: BatchChanges,
): void {
  writeSubmissions(statements, places, rows)
  for (const change of rows.runs) writeRun(statements, tallies, places, change)
  refreshCurrent(statements, places, rows)
  writeDeliveries(statements, places, rows.deliveries)
  for (const { before } of rows.rejected)
    if (before) statements.forgetRefused.run({ deliveryId: before.deliveryId })
  for (const change of rows.notifications) writeNotification(statements, places, change)
  // Before: a claim that is answered in this batch stays, as it does where the answer comes later.
  for (const { expireClaims } of others)
    if (expireClaims !== undefined) statements.deleteExpired.run({ expiredAt: expireClaims })
  for (const { before, after } of rows.claims)
    if (after) statements.saveClaim.run({ ...after, submissionSeq: seqOf(places, after.submissionId) })
    else if (before) statements.deleteClaim.run({ scope: before.scope })
  for (const { after } of rows.retryItems)
    if (after) statements.updateRetryItem.run({ ...after, submissionSeq: seqOf(places, after.submissionId) })
  for (const other of others) writeOther(statements, other)
  tallies.write()
}

function seqOf(places: Places, submissionId: string | null): number | null {
  return submissionId === null ? null : (places.seqOfSubmission(submissionId) ?? null)
}

function writeSubmissions(statements: Statements, places: Places, rows: BatchChanges['rows']): void {
  const details = new Map(rows.details.map(({ after }) => [after?.submissionId, after]))
  for (const { before, after } of rows.submissions) {
    if (after === undefined) continue
    const { submissionId } = after
    if (before !== undefined) {
      const { fileId, fileName, requestId } = after
      const isSame =
        before.fileId === fileId && before.fileName === fileName && before.requestId === requestId
      const update = isSame ? statements.updateState : statements.updateSubmission
      update.run({
        seq: seqOf(places, submissionId),
        state: after.state,
        fileId,
        fileName,
        requestId,
        error: after.error,
        updatedAt: after.updatedAt,
        answeredAt: after.respondedAt,
      })
      continue
    }
    const seq = numberOf(submissionId)
    statements.insertSubmission.run({
      ...after,
      ...details.get(submissionId),
      seq,
      answeredAt: after.respondedAt,
    })
    places.submissionAt(submissionId, seq)
  }
  for (const { before, after } of rows.details)
    if (before && after)
      statements.saveBaseline.run({ baseline: after.baseline, seq: seqOf(places, after.submissionId) })
}

function writeRun(
  statements: Statements,
  tallies: Tallies,
  places: Places,
  { before, after }: Change<RunRow>,
): void {
  const runId = after?.runId ?? before?.runId ?? ''
  const place = places.placeOfRun(runId)
  const groupId = tallies.change(
    before && { run: before, groupId: place?.groupId ?? null },
    after?.isListed ? after : undefined,
  )
  if (after === undefined) statements.deleteRun.run({ runId })
  else if (before !== undefined)
    statements.updateRun.run({
      seq: place?.seq,
      status: after.status,
      source: after.source,
      settledAt: after.settledAt,
      updatedAt: after.updatedAt,
      dueAt: after.dueAt,
      error: after.error,
      evidence: after.evidence,
      contradicted: after.contradicted,
      acknowledgedAt: after.acknowledgedAt,
      groupId,
    })
  else {
    const submissionSeq = seqOf(places, after.submissionId)
    const seq = numberOf(runId)
    statements.insertRun.run({ ...after, seq, submissionSeq, groupId })
    places.runAt(runId, { seq, groupId })
    tallies.place(seq, after.requestedAt)
  }
}

/** The current runs of a file may be others once a submission is bound to it, counts again or no more, or has other runs. */
function refreshCurrent(statements: Statements, places: Places, rows: BatchChanges['rows']): void {
  const names = new Map<string, Set<string>>()
  const note = (submissionId: string, run?: RunRow) => {
    const known = names.get(submissionId) ?? new Set()
    names.set(submissionId, known)
    for (const name of run ? [run.name, run.requestedAs] : []) if (name !== null) known.add(name)
  }
  const isListed = (state: string | undefined) => state !== 'rejected'
  for (const { before, after } of rows.submissions)
    if (after && (before?.fileId !== after.fileId || isListed(before.state) !== isListed(after.state)))
      note(after.submissionId)
  for (const { before, after } of rows.runs) {
    const run = before === undefined ? after : after === undefined ? before : undefined
    if (run) note(run.submissionId, run)
  }
  for (const [submissionId, known] of names) {
    const fileId = fileOf(statements, rows, submissionId)
    if (fileId === null) continue
    for (const { name, requestedAs } of statements.listRuns.all({
      submissionSeq: seqOf(places, submissionId),
    }))
      for (const each of [name, requestedAs]) if (each !== null) known.add(each)
    refreshCurrentRuns(statements, fileId, known)
  }
}

function fileOf(statements: Statements, rows: BatchChanges['rows'], submissionId: string): string | null {
  const changed = rows.submissions.find(({ after }) => after?.submissionId === submissionId)?.after
  return (changed ?? statements.findHead.get({ id: submissionId }))?.fileId ?? null
}

function writeDeliveries(
  statements: Statements,
  places: Places,
  changes: readonly Change<DeliveryRow>[],
): void {
  const inserted: { deliverySeq: number; row: DeliveryRow }[] = []
  for (const { before, after } of changes) {
    if (after === undefined) continue
    const row = {
      deliveryId: after.deliveryId,
      route: after.route,
      receivedAt: after.receivedAt,
      outcome: after.outcome,
      cause: after.cause,
      signature: after.signature,
      submissionSeq: seqOf(places, after.submissionId),
      fileId: after.fileId,
      service: after.service,
      finalStatus: after.finalStatus,
      unclaimedError: after.unclaimedError,
      eventId: after.eventId,
      unclaimedRequestId: after.unclaimedRequestId,
    }
    if (before !== undefined) statements.updateDelivery.run(row)
    else {
      const seq = numberOf(after.deliveryId)
      statements.insertDelivery.run({ ...row, seq })
      inserted.push({ deliverySeq: seq, row: after })
    }
  }
  for (const { deliverySeq, row } of inserted) {
    const { headers = {}, body = null } = row.sent ?? {}
    statements.insertDeliveryBody.run({ deliverySeq, headers, body, uploadAnswer: row.uploadEnd })
  }
}

function writeNotification(
  statements: Statements,
  places: Places,
  { before, after }: Change<Tables['notifications']>,
): void {
  if (after === undefined) return
  if (before !== undefined) statements.updateNotification.run(after)
  else statements.insertNotification.run({ ...after, runSeq: places.placeOfRun(after.runId)?.seq })
}

function writeOther(statements: Statements, other: OtherChanges): void {
  const { acts = [], retry, alerts = [] } = other
  const { reportedAlert, endedSession, clockTrust, probe } = other
  for (const act of acts) statements.insertAct.run({ ...act })
  if (retry) writeRetry(statements, retry)
  for (const alert of alerts) statements.saveAlert.run({ ...alert })
  if (reportedAlert?.state === 'resolved') statements.deleteAlert.run({ ...reportedAlert })
  else if (reportedAlert) statements.noteAlertTold.run({ ...reportedAlert })
  if (endedSession) {
    const { forgetBefore, ...session } = endedSession
    statements.deleteOverSessions.run({ before: forgetBefore })
    statements.insertEndedSession.run(session)
  }
  if (clockTrust) statements.saveClockTrust.run(clockTrust)
  if (probe) {
    // A row that is rewritten in place would succeed on a full disk.
    statements.insertProbe.run()
    statements.deleteProbes.run()
  }
}

function writeRetry(
  statements: Statements,
  { retryId, at, actor, runIds }: NonNullable<OtherChanges['retry']>,
): void {
  const { seq } = statements.insertRetry.get({ retryId, at, actor })
  for (const runId of runIds) {
    const run = statements.findRunById.get({ id: runId })
    if (run) statements.insertRetryItem.run({ retrySeq: seq, runSeq: run.seq })
  }
}
