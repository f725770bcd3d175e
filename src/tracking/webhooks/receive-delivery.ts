import type { AccountEvent } from '../../domain/account-event.ts'
import type {
  DeliveryOutcome,
  DeliveryRoute,
  RecordedDelivery,
  RejectionCause,
} from '../../domain/delivery.ts'
import { type ErrorCode, TrackerError } from '../../domain/errors.ts'
import type { ExtensionResult } from '../../domain/extension-result.ts'
import type { Json } from '../../domain/json.ts'
import type { Store } from '../../store/store.ts'
import type { ArrivalTimes } from './arrival-times.ts'
import { DeliveryRejected } from './delivery-rejected.ts'
import type { CheckSignature } from './signature-check.ts'
import type { SuccessLog } from './success-log.ts'

/** An HTTP POST on a webhook route, with its complete body. */
export type ReceivedDelivery = {
  receivedAt: number
  /** The headers that may be stored. Only the signatures among them are secret. */
  headers: { [name: string]: string }
  body: Buffer
  /** The id of the rejected delivery that this one replays. */
  replayOf?: string
  /** The `X-Request-Id` of the response, for the log. A replay has none. */
  requestId?: string
}

export type ReceiveDeliveryDeps = {
  store: Pick<Store, 'recordDelivery' | 'recordAccountDelivery'>
  checkSignature: CheckSignature
  /** Whether extension webhooks are rejected without a valid signature. Account webhooks always are. */
  requireSignature: boolean
  arrivalTimes: Pick<ArrivalTimes, 'remember'>
  /** Throws `TrackerError` if the body is not JSON. */
  parseJson: (body: Buffer) => Json
  /** `bytes`: the size of the body. */
  readExtensionResult: (payload: Json, bytes: number) => ExtensionResult
  readAccountEvent: (payload: Json) => AccountEvent
  meter: {
    deliveryRecorded(route: DeliveryRoute, outcome: DeliveryOutcome): void
    deliveryNotRecorded(cause: ErrorCode | 'internal'): void
  }
  successLog: Pick<SuccessLog, 'note'>
  log: { info(fields: object, text: string): void }
}

/**
 * Receives the result of one extension. Resolves once the delivery and its effect are on disk; only then may the response be
 * 200. `submissionId` is the one that the token authenticates; undefined for a forged token. Throws `DeliveryRejected` if the
 * delivery is rejected.
 */
export async function receiveExtensionDelivery(
  deps: ReceiveDeliveryDeps,
  submissionId: string | undefined,
  received: ReceivedDelivery,
): Promise<RecordedDelivery> {
  if (submissionId === undefined) throw new DeliveryRejected('forged_token')
  const { check: signature, cause } = deps.checkSignature(received)
  if (deps.requireSignature && cause !== null) throw new DeliveryRejected(cause)
  const result = deps.readExtensionResult(parse(deps, received.body), received.body.length)
  const { receivedAt, body, replayOf } = received
  const headers = withoutSignatures(received.headers)
  let recorded: RecordedDelivery
  try {
    recorded = await deps.store.recordDelivery({
      receivedAt,
      headers,
      body,
      route: 'extension',
      submissionId,
      signature,
      result,
      replayOf,
    })
  } catch (error) {
    noteFailure(deps, received, error)
    throw error
  }
  if (recorded.outcome === 'rejected') {
    deps.arrivalTimes.remember(body, receivedAt)
    throw new DeliveryRejected('unknown_submission')
  }
  deps.meter.deliveryRecorded('extension', recorded.outcome)
  const { service, status } = result
  const { requestId } = received
  const fields = () => ({
    event: RECORDED,
    requestId,
    submissionId,
    ...loggedFields(recorded),
    service,
    status,
  })
  if (recorded.outcome === 'applied' && status === 'success') deps.successLog.note(fields)
  else deps.log.info(fields(), 'delivery recorded')
  return recorded
}

/** Receives an account webhook, which is accepted only with a valid signature. Throws `DeliveryRejected` if it is rejected. */
export async function receiveAccountDelivery(
  deps: ReceiveDeliveryDeps,
  { requestId, ...received }: ReceivedDelivery,
): Promise<RecordedDelivery> {
  const checked = deps.checkSignature(received)
  if (checked.check !== 'valid') throw new DeliveryRejected(checked.cause)
  const event = deps.readAccountEvent(parse(deps, received.body))
  const eventId = event.eventId ?? checked.eventId
  const headers = provenHeaders(received.headers, checked.eventId)
  let recorded: RecordedDelivery
  try {
    recorded = await deps.store.recordAccountDelivery({ ...received, headers, event: { ...event, eventId } })
  } catch (error) {
    noteFailure(deps, received, error)
    throw error
  }
  deps.meter.deliveryRecorded('account', recorded.outcome)
  const { type } = event
  deps.log.info(
    { event: RECORDED, requestId, type, eventId, ...loggedFields(recorded) },
    'account delivery recorded',
  )
  return recorded
}

/** Returns the cause if an account delivery is rejected by its headers alone; undefined if the body decides. */
export function rejectionOfHead(
  { checkSignature }: Pick<ReceiveDeliveryDeps, 'checkSignature'>,
  head: Omit<ReceivedDelivery, 'body'>,
): RejectionCause | undefined {
  const { cause } = checkSignature({ ...head, body: Buffer.alloc(0) })
  return HEAD_CAUSES.find((known) => known === cause)
}

const RECORDED = 'delivery.recorded'

const HEAD_CAUSES = ['no_secret', 'absent_signature', 'malformed_signature'] as const

/** A replay of a recorded delivery trusts its stored headers, so `webhook-id` is kept only if it was signed. */
function provenHeaders(headers: ReceivedDelivery['headers'], signedId: string | null) {
  const { 'webhook-id': _, ...others } = withoutSignatures(headers)
  return signedId === null ? others : { ...others, 'webhook-id': signedId }
}

function parse(deps: ReceiveDeliveryDeps, body: Buffer): Json {
  try {
    return deps.parseJson(body)
  } catch (error) {
    if (error instanceof TrackerError) throw new DeliveryRejected('not_json', error.message)
    throw error
  }
}

/**
 * Counts a delivery that could not be stored, and remembers when it arrived: ImageKit sends it again, possibly with the same
 * signature, which must not count as stale then.
 */
function noteFailure(
  { arrivalTimes, meter }: ReceiveDeliveryDeps,
  { body, receivedAt }: ReceivedDelivery,
  error: unknown,
): void {
  arrivalTimes.remember(body, receivedAt)
  meter.deliveryNotRecorded(error instanceof TrackerError ? error.code : 'internal')
}

function loggedFields({ deliveryId, outcome, cause, fileId }: RecordedDelivery) {
  return { deliveryId, outcome, cause, fileId }
}

/**
 * Anyone who has these headers can send the same delivery again. They are stored only with rejected deliveries, which need them
 * for a replay, and are never shown.
 */
const SIGNATURE_HEADERS = ['x-ik-signature', 'webhook-signature']

export function withoutSignatures(headers: { [name: string]: string }): { [name: string]: string } {
  if (!SIGNATURE_HEADERS.some((name) => name in headers)) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !SIGNATURE_HEADERS.includes(name)))
}
