import type { Key } from '../../domain/decide/step.ts'
import type { ClaimRow, DeliveryRow, RetryItemRow, RunRow, SubmissionRow } from '../../domain/decide/tables.ts'
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
  for (const key of keys) if (!into.isLoaded(key)) into.found(key, loadKey(statements, places, key, into))
}

/** Returns the keys of the rows that a lookup finds. */
function loadKey(
  statements: Statements,
  places: Places,
  [kind, id, name = '']: Key,
  into: WorkingSet,
): string[] {
  const putHeads = (rows: readonly Head[]) => rows.map((row) => putHead(into, places, row))
  const putRuns = (rows: readonly Run[]) => rows.map((row) => putRun(into, places, row, row.submissionId))
  const putDeliveries = (rows: readonly Delivery[], submissionId: string | null) =>
    rows.map((row) => putDelivery(into, row, submissionId))
  const submissionSeq = () => places.seqOfSubmission(id) ?? 0
  switch (kind) {
    case 'submissions':
      return putHeads(found(statements.findHead.get({ id })))
    case 'details': {
      const row = statements.findDetails.get({ id })
      if (row === undefined) return []
      const { seq: _, ...details } = row
      into.put('details', details)
      return [id]
    }
    case 'runs':
      return putRuns(found(statements.findRunById.get({ id })))
    case 'runNamed':
      return found(statements.findRunByName.get({ submissionSeq: submissionSeq(), name })).map((row) =>
        putRun(into, places, row, id),
      )
    case 'runsOf':
      return statements.listRuns
        .all({ submissionSeq: submissionSeq() })
        .map((row) => putRun(into, places, row, id))
    case 'unsettledOf':
      return putRuns(statements.listUnsettledOfFile.all({ id }))
    case 'currentOf':
      return putRuns(statements.listCurrentOfFile.all({ id }))
    case 'submissionsOf':
      return putHeads(statements.findOfFileHead.all({ id }))
    case 'unansweredOf':
      return putHeads(statements.findUnansweredHead.all({ id }))
    case 'unfinishedSubmissions':
      return putHeads(statements.listUnfinishedHeads.all())
    case 'deliveries':
      return []
    case 'unclaimedOf':
      return putDeliveries(statements.listUnclaimedOf.all({ submissionSeq: submissionSeq(), name }), id)
    case 'endsOf':
      return putDeliveries(statements.listEndsOf.all({ id }), null)
    case 'eventOf':
      return putDeliveries(statements.findEventDelivery.all({ id }), null)
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
      return found(statements.findNotificationRow.get({ id })).map(({ runSeq: _, ...row }) => {
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

function putHead(into: WorkingSet, places: Places, { seq, answeredAt, ...row }: Head): string {
  const head: SubmissionRow = { ...row, respondedAt: answeredAt }
  places.submissionAt(row.submissionId, seq)
  into.put('submissions', head)
  return row.submissionId
}

type Run = ReturnType<Statements['listUnsettledOfFile']['all']>[number]

function putRun(
  into: WorkingSet,
  places: Places,
  row: Omit<Run, 'submissionId'>,
  submissionId: string,
): string {
  const { seq, groupId, dueAt, submissionSeq, runId } = row
  const run: RunRow = { ...toRun(row, submissionId), dueAt, isListed: groupId !== null }
  places.submissionAt(submissionId, submissionSeq)
  places.runAt(runId, { seq, groupId })
  into.put('runs', run)
  return runId
}

type Delivery = ReturnType<Statements['listEndsOf']['all']>[number]

function putDelivery(into: WorkingSet, row: Delivery, submissionId: string | null): string {
  const { seq: place, submissionSeq: _, uploadAnswer, ...known } = row
  const delivery: DeliveryRow = { ...known, place, submissionId, uploadEnd: uploadAnswer, sent: null }
  into.put('deliveries', delivery)
  return row.deliveryId
}

function putClaim(into: WorkingSet, { submissionSeq: _, ...row }: NonNullable<ReturnType<Statements['findClaim']['get']>>): string {
  const claim: ClaimRow = row
  into.put('claims', claim)
  return claim.scope
}

function putItem(into: WorkingSet, row: NonNullable<ReturnType<Statements['findRetryItem']['get']>>): string {
  const { seq, state, submissionId, reason } = row
  const item: RetryItemRow = { itemId: seq, state, submissionId, reason }
  into.put('retryItems', item)
  return String(seq)
}
