import { type AccountEvent, namedFile } from '../account-event.ts'
import type { DeliveryOutcome, NewAccountDelivery, RecordedDelivery } from '../delivery.ts'
import type { NewIds } from '../ids.ts'
import { isFinal } from '../run.ts'
import type { UploadResponse } from '../upload-response.ts'
import { idCountsOf, idOf, receivedOf, recordForgotten, replaying, replayKeys } from './delivery.ts'
import {
  applyResponse,
  bodyIn,
  bodyKeys,
  loadResponseContext,
  responseChanges,
  unclaimedKeys,
} from './response.ts'
import type { DeliveryRow } from './rows.ts'
import type { Changes, Decision, Facts, Key, Step } from './step.ts'
import { loadState, stateKeys } from './submission-state.ts'

/**
 * Records an account webhook. An event that has an id takes effect only once, while its first delivery is stored. An asset event
 * makes the pending and expired runs of the asset's newest 100 submissions due. An upload event reports the result of a queued upload,
 * and may arrive before the response to that upload.
 */
export function recordAccountDelivery(delivery: NewAccountDelivery): Step<RecordedDelivery> {
  const { event, body } = delivery
  return {
    keys: [...eventKeys(event), ...replayKeys(delivery)],
    idsNeeded: idCountsOf(delivery),
    bytes: body.length,
    more(facts) {
      if (event.kind !== 'upload_finished') return []
      const submissionId = findQueuedUpload(facts, event)
      if (submissionId === undefined) return []
      const state = loadState(facts, submissionId)
      if (state === undefined) return stateKeys(submissionId)
      // Any time will do, here 0: which bodies are needed doesn't depend on it.
      const bodies = bodyKeys((ids, bodyOf) => finishUpload(facts, submissionId, event, 0, ids, bodyOf))
      return [...stateKeys(submissionId), ...unclaimedKeys(state, [event.response]), ...bodies]
    },
    decide: (facts, ids) => replaying(facts, delivery, () => decideAccountDelivery(facts, delivery, ids)),
  }
}

function eventKeys(event: AccountEvent): Key[] {
  const keys: Key[] = []
  const fileId = namedFile(event)
  if (event.eventId !== null) keys.push(['firstDeliveryOf', event.eventId])
  if (fileId !== null) keys.push(['forgotten', fileId], ['submissionOf', fileId])
  if (event.kind === 'asset') keys.push(['unsettledOf', event.fileId])
  if (event.kind === 'upload_finished') keys.push(['awaitingFile', event.requestId])
  return keys
}

/**
 * `unclaimed`: the result of an upload that no known submission is waiting for. The response to the upload, if it is recorded later,
 * claims it.
 */
type Effect = {
  outcome: DeliveryOutcome
  changes?: Changes
  submissionId?: string
  /** The file of the submission. */
  fileId?: string | null
  isChanged?: boolean
  unclaimed?: { requestId: string; end: UploadResponse }
}

function decideAccountDelivery(
  facts: Facts,
  delivery: NewAccountDelivery,
  ids: NewIds,
): Decision<RecordedDelivery> {
  const { event, receivedAt } = delivery
  const effect = applyOnce(facts, event, receivedAt, ids)
  const { outcome, changes = {}, submissionId = null, fileId = null, isChanged, unclaimed } = effect
  const deliveryId = idOf(delivery, ids)
  const forgotten = concernsForgotten(facts, event, fileId)
    ? recordForgotten(deliveryId, delivery)
    : undefined
  const stored: DeliveryRow = {
    ...receivedOf(deliveryId, delivery),
    outcome,
    submissionId,
    // Whatever its outcome, the delivery is deleted together with the file that it names.
    fileId: namedFile(event) ?? fileId,
    eventId: event.eventId,
    unclaimedRequestId: unclaimed?.requestId ?? null,
    uploadEnd: unclaimed?.end ?? null,
  }
  const recorded: RecordedDelivery = {
    deliveryId,
    outcome,
    cause: null,
    fileId: isChanged ? fileId : null,
    runId: null,
    ...(isChanged && submissionId !== null && { submissionId }),
  }
  const deliveries = forgotten?.changes.insert?.deliveries ?? [stored]
  return {
    result: forgotten?.result ?? recorded,
    changes: { ...changes, insert: { ...changes.insert, deliveries } },
  }
}

/**
 * Whether the event names a forgotten asset, other than `boundTo`: the file of the submission whose upload it reports on. An asset
 * with a new submission no longer counts as forgotten.
 */
function concernsForgotten(facts: Facts, event: AccountEvent, boundTo: string | null): boolean {
  const fileId = namedFile(event)
  if (fileId === null || fileId === boundTo || !facts.isForgotten(fileId)) return false
  return facts.list('submissionOf', fileId).length === 0
}

function applyOnce(facts: Facts, event: AccountEvent, at: number, ids: NewIds): Effect {
  if (event.eventId !== null && facts.list('firstDeliveryOf', event.eventId).length > 0)
    return { outcome: 'duplicate' }
  switch (event.kind) {
    case 'asset':
      return makeRunsDue(facts, event.fileId, at)
    case 'upload_finished': {
      const submissionId = findQueuedUpload(facts, event)
      const { requestId, response: end } = event
      if (submissionId === undefined) return { outcome: 'ignored', unclaimed: { requestId, end } }
      return finishUpload(facts, submissionId, event, at, ids, (id) => bodyIn(facts, id))
    }
    case 'other':
      return { outcome: 'ignored' }
  }
}

/**
 * A run that is already due keeps its due time: otherwise the runs of a file that changes often would always come last. The event is
 * applied even if all runs are already due.
 */
function makeRunsDue(facts: Facts, fileId: string, at: number): Effect {
  const unsettled = facts.list('unsettledOf', fileId).filter(({ status }) => !isFinal(status))
  const runs = unsettled
    .filter(({ dueAt }) => dueAt === null || dueAt > at)
    .map((run) => ({ ...run, dueAt: at }))
  return { outcome: unsettled.length > 0 ? 'applied' : 'ignored', changes: { update: { runs } } }
}

type UploadFinished = AccountEvent & { kind: 'upload_finished' }

function findQueuedUpload(facts: Facts, { requestId }: UploadFinished): string | undefined {
  const [submission] = facts.list('awaitingFile', requestId)
  if (submission === undefined) return undefined
  const { submissionId } = submission
  // An earlier step of the same batch may have stored its baseline.
  return facts.find('details', submissionId)?.baseline ? undefined : submissionId
}

function finishUpload(
  facts: Facts,
  submissionId: string,
  { response }: UploadFinished,
  at: number,
  ids: NewIds,
  bodyOf: (deliveryId: string) => string | undefined,
): Effect {
  const before = loadResponseContext(facts, submissionId, [response])
  if (before === undefined) return { outcome: 'ignored' }
  const after = applyResponse(before, response, at, ids, bodyOf)
  const { isChanged } = after
  return {
    outcome: isChanged ? 'applied' : 'ignored',
    changes: responseChanges(before, after),
    submissionId,
    fileId: after.state.row.fileId,
    isChanged,
  }
}
