import type { Key } from '../../domain/decide/step.ts'
import type {
  ClaimRow,
  DeliveryRow,
  RetryItemRow,
  RunRow,
  SubmissionRow,
} from '../../domain/decide/tables.ts'
import type { WorkingSet } from '../working-set.ts'
import { isForgotten } from './forget-asset.ts'
import type { Places } from './places.ts'
import { toRun } from './rows.ts'
import type { Statements } from './statements.ts'

/** Loads the rows of a batch, and remembers where they are. */
export function loadRows(
  statements: Statements,
  places: Places,
  keys: readonly Key[],
  into: WorkingSet,
): void {
  for (const key of keys) into.load(key, () => loadKey(statements, places, key, into))
}

/** Returns the keys of the rows that a lookup finds. */
function loadKey(
  statements: Statements,
  places: Places,
  [kind, id, name = '']: Key,
  into: WorkingSet,
): string[] {
  switch (kind) {
    case 'submissions': {
      const row = statements.findHead.get({ id })
      return row === undefined ? [] : [putHead(into, places, row)]
    }
    case 'details': {
      const row = statements.findDetails.get({ id })
      if (row === undefined) return []
      const { seq: _, ...details } = row
      into.put('details', details)
      return [id]
    }
    case 'runs':
      return putRuns(into, places, found(statements.findRunById.get({ id })))
    case 'runNamed': {
      const row = statements.findRunByName.get({ submissionSeq: places.seqOfSubmission(id) ?? 0, name })
      return row === undefined ? [] : [putRun(into, places, row, id)]
    }
    case 'runsOf':
      return statements.listRuns
        .all({ submissionSeq: places.seqOfSubmission(id) ?? 0 })
        .map((row) => putRun(into, places, row, id))
    case 'unsettledOf':
      return putRuns(into, places, statements.listUnsettledOfFile.all({ id }))
    case 'currentOf':
      return putRuns(into, places, statements.listCurrentOfFile.all({ id }))
    case 'submissionsOf':
      return statements.findOfFileHead.all({ id }).map((row) => putHead(into, places, row))
    case 'unansweredOf':
      return statements.findUnansweredHead.all({ id }).map((row) => putHead(into, places, row))
    case 'unfinishedSubmissions':
      return statements.listUnfinishedHeads.all().map((row) => putHead(into, places, row))
    case 'deliveries':
      return []
    case 'unclaimedOf':
      return statements.listUnclaimedOf
        .all({ submissionSeq: places.seqOfSubmission(id) ?? 0, name })
        .map((row) => putDelivery(into, row, id))
    case 'endsOf':
      return statements.listEndsOf.all({ id }).map((row) => putDelivery(into, row, null))
    case 'eventOf':
      return statements.findEventDelivery.all({ id }).map((row) => putDelivery(into, row, null))
    case 'bodies': {
      const body = statements.findBody.get({ deliveryId: id })?.body
      if (body === undefined) return []
      into.put('bodies', { deliveryId: id, body })
      return [id]
    }
    case 'rejected':
      return found(statements.findRejectedCause.get({ id })).map((row) => {
        into.put('rejected', row)
        return id
      })
    case 'notifications':
      return found(statements.findNotificationRow.get({ id })).map((row) => {
        into.put('notifications', row)
        return id
      })
    case 'claims':
      return found(statements.findClaim.get({ id })).map((row) => putClaim(into, row))
    case 'unansweredClaims':
      return statements.listUnanswered.all().map((row) => putClaim(into, row))
    case 'retryItems':
      return found(statements.findRetryItem.get({ id })).map((row) => putItem(into, row))
    case 'unfinishedItems':
      return statements.listSubmittingItems.all().map((row) => putItem(into, row))
    case 'forgotten':
      if (isForgotten(statements, id)) into.noteForgotten(id)
      return []
  }
}

function found<R>(row: R | undefined): R[] {
  return row === undefined ? [] : [row]
}

type Head = NonNullable<ReturnType<Statements['findHead']['get']>>

// Written out: to copy what is left of an object costs more than to read it from the database.
function putHead(into: WorkingSet, places: Places, row: Head): string {
  const { submissionId } = row
  const head: SubmissionRow = {
    submissionId,
    kind: row.kind,
    state: row.state,
    fileId: row.fileId,
    fileName: row.fileName,
    callerWebhookUrl: row.callerWebhookUrl,
    keyName: row.keyName,
    requestId: row.requestId,
    error: row.error,
    setsDescription: row.setsDescription,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    respondedAt: row.answeredAt,
  }
  places.submissionAt(submissionId, row.seq)
  into.put('submissions', head)
  return submissionId
}

type Run = ReturnType<Statements['listUnsettledOfFile']['all']>[number]

function putRuns(into: WorkingSet, places: Places, rows: readonly Run[]): string[] {
  return rows.map((row) => putRun(into, places, row, row.submissionId))
}

function putRun(
  into: WorkingSet,
  places: Places,
  row: Omit<Run, 'submissionId'>,
  submissionId: string,
): string {
  const { runId, groupId, dueAt } = row
  const run: RunRow = Object.assign(toRun(row, submissionId), { dueAt, isListed: groupId !== null })
  places.submissionAt(submissionId, row.submissionSeq)
  places.runAt(runId, { seq: row.seq, groupId })
  into.put('runs', run)
  return runId
}

type Delivery = ReturnType<Statements['listEndsOf']['all']>[number]

function putDelivery(into: WorkingSet, row: Delivery, submissionId: string | null): string {
  const { seq: _, submissionSeq: __, uploadAnswer, ...known } = row
  const delivery: DeliveryRow = { ...known, submissionId, uploadEnd: uploadAnswer, sent: null }
  into.put('deliveries', delivery)
  return row.deliveryId
}

function putClaim(into: WorkingSet, claim: ClaimRow): string {
  into.put('claims', claim)
  return claim.scope
}

function putItem(into: WorkingSet, row: NonNullable<ReturnType<Statements['findRetryItem']['get']>>): string {
  const { seq, state, submissionId, reason } = row
  const item: RetryItemRow = { itemId: seq, state, submissionId, reason }
  into.put('retryItems', item)
  return String(seq)
}
