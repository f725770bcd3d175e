import type { IncomingMessage } from 'node:http'
import type { DeliveryRoute, RejectedDelivery, RejectionCause } from '../domain/delivery.ts'
import { TrackerError } from '../domain/errors.ts'
import { DeliveryRejected } from '../tracking/delivery-rejected.ts'
import {
  type ReceiveDeliveryDeps,
  type ReceivedDelivery,
  receiveAccountDelivery,
  receiveExtensionDelivery,
  refusalOfHead,
} from '../tracking/receive-delivery.ts'
import type { RejectionLog } from '../tracking/rejection-log.ts'
import type { PlainAnswer } from './plain-answer.ts'
import { type BodyReaders, bodyAtHand, MAX_BODY_BYTES } from './read-body.ts'
import { storedHeaders } from './stored-headers.ts'
import { createTickBatcher, type TickBatcher } from './tick-batcher.ts'

export type TakeWebhookDeps = ReceiveDeliveryDeps & {
  refusedLog: Pick<RejectionLog, 'keep'>
  meter: { deliveryRefused(route: DeliveryRoute, cause: RejectionCause): void }
  /** The submission that a webhook token names and proves; undefined for a forged one. */
  readToken: (token: string) => string | undefined
  bodies: BodyReaders
  /** What has come in one turn of the event loop is handed on together at its end. */
  arrivals: Pick<TickBatcher, 'do'>
  clock: () => number
}

/** Takes a delivery of the extension webhook with this token, or with null one of the account webhook. */
export type TakeWebhook = (
  token: string | null,
  incoming: IncomingMessage,
  requestId: string,
) => Promise<PlainAnswer>

/** What the head of a delivery proves; a cause where it is refused whatever its body is, which is read only to be kept. */
type Trust = 'proven' | 'unproven' | RejectionCause

type From = Pick<RejectedDelivery, 'route' | 'token' | 'submissionId'>

/** Reads the delivery and hands it on; a refused one is kept, with its cause. Answers 200 once it is on disk, and rejects otherwise. */
export function createTakeWebhook(deps: TakeWebhookDeps): TakeWebhook {
  // What is refused in any case brings nothing to be recorded: no commit has to wait for it.
  const refusals = createTickBatcher()
  const receive = async (
    incoming: IncomingMessage,
    requestId: string,
    from: From,
    judge: (head: Omit<ReceivedDelivery, 'body'>) => Trust,
    take: (received: ReceivedDelivery) => Promise<{ outcome: string }>,
  ): Promise<PlainAnswer> => {
    const head = { receivedAt: deps.clock(), headers: storedHeaders(incoming.headers) }
    const trust = judge(head)
    const reader = trust === 'proven' || trust === 'unproven' ? trust : 'refused'
    const turn = reader === 'refused' ? refusals : deps.arrivals
    const turnEnds = () => new Promise<void>((resolve) => turn.do(resolve))
    let body: Buffer | undefined
    try {
      await turnEnds()
      body = bodyAtHand(incoming)
      if (body === undefined) {
        body = await deps.bodies[reader](incoming)
        if (body.length <= MAX_GATHERED_BYTES) await turnEnds()
      }
      const { outcome } = await take({ receivedAt: head.receivedAt, headers: head.headers, body })
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify({ outcome }) }
    } catch (caught) {
      const error = body === undefined ? whyUnread(trust, caught) : caught
      if (error instanceof DeliveryRejected) {
        deps.meter.deliveryRefused(from.route, error.refusal)
        const bytes = body?.length ?? sizeOfUnread(incoming, error.refusal)
        const kept = body ?? Buffer.alloc(0)
        deps.refusedLog.keep({ ...head, ...from, body: kept, cause: error.refusal, bytes }, requestId)
      }
      throw error
    }
  }

  return (token, incoming, requestId) => {
    if (token === null) {
      return receive(
        incoming,
        requestId,
        { route: 'account', token, submissionId: null },
        (head) => refusalOfHead(deps, head) ?? 'unproven',
        (received) => receiveAccountDelivery(deps, received),
      )
    }
    const submissionId = deps.readToken(token)
    return receive(
      incoming,
      requestId,
      { route: 'extension', token, submissionId: submissionId ?? null },
      () => (submissionId === undefined ? 'forged_token' : 'proven'),
      (received) => receiveExtensionDelivery(deps, submissionId, received),
    )
  }
}

/** Larger ones would be many megabytes that wait together. */
const MAX_GATHERED_BYTES = 64 * 1024

const JSON_TYPE = ['Content-Type', 'application/json']

/** One that had to make room is no refusal: it is told to come again. */
function whyUnread(trust: Trust, error: unknown): unknown {
  if (!(error instanceof TrackerError)) return error
  if (trust !== 'proven' && trust !== 'unproven') return new DeliveryRejected(trust)
  switch (error.code) {
    case 'payload_too_large':
      return new DeliveryRejected('too_large', error.message)
    case 'client_closed':
      return new DeliveryRejected('broken_off')
    case 'request_timeout':
      return new DeliveryRejected('too_slow')
    default:
      return error
  }
}

/** The size of a body that did not come whole, as far as it is known: more than nothing, which is what is kept of it. */
function sizeOfUnread(incoming: IncomingMessage, refusal: RejectionCause): number {
  const least = refusal === 'too_large' ? MAX_BODY_BYTES + 1 : 1
  const announced = Number(incoming.headers['content-length'] ?? 0)
  return Math.min(Math.max(announced, least), Number.MAX_SAFE_INTEGER)
}
