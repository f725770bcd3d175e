import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { recordedDeliverySchema } from '../contract/delivery.ts'
import type { DeliveryRoute, RejectedDelivery, RejectionCause } from '../domain/delivery.ts'
import { TrackerError } from '../domain/errors.ts'
import { DeliveryRejected } from '../tracking/webhooks/delivery-rejected.ts'
import {
  type ReceiveDeliveryDeps,
  type ReceivedDelivery,
  receiveAccountDelivery,
  receiveExtensionDelivery,
  rejectionOfHead,
} from '../tracking/webhooks/receive-delivery.ts'
import type { RejectionLog } from '../tracking/webhooks/rejection-log.ts'
import { type BodyReaders, bufferedBody, MAX_BODY_BYTES } from './read-body.ts'
import { storedHeaders } from './request.ts'
import { type PlainResponse, respond } from './response.ts'
import { type Api, operation, route } from './route.ts'
import { createTickBatcher, type TickBatcher } from './tick-batcher.ts'

export type WebhookHandlerDeps = ReceiveDeliveryDeps & {
  rejectionLog: Pick<RejectionLog, 'add'>
  meter: { deliveryRejected(route: DeliveryRoute, cause: RejectionCause): void }
  /** Verifies a webhook token and returns its submission's id; undefined for a forged token. */
  readToken: (token: string) => string | undefined
  bodies: BodyReaders
  /** Deliveries that arrive in the same event-loop tick are processed together at its end. */
  incomingWebhooks: Pick<TickBatcher, 'schedule'>
  clock: () => number
}

/** Handles a delivery: of the extension webhook with this token, or of the account webhook if `token` is null. */
export type WebhookHandler = (
  token: string | null,
  incoming: IncomingMessage,
  requestId: string,
) => Promise<PlainResponse>

/** What the head of a delivery proves, or why it is rejected whatever its body is; then the body is read only to store it. */
type Trust = 'proven' | 'unproven' | RejectionCause

type Source = Pick<RejectedDelivery, 'route' | 'token' | 'submissionId'>

/**
 * The handler reads and records a delivery, and responds 200 once it is on disk. It passes a rejected delivery to the rejection log, and
 * throws.
 */
export function createWebhookHandler(deps: WebhookHandlerDeps): WebhookHandler {
  // Deliveries that are rejected whatever their body is have their own batcher: a commit waits for the pending tasks of
  // `incomingWebhooks`, and these deliveries add no step to the commit.
  const rejections = createTickBatcher()
  const handle = async (
    incoming: IncomingMessage,
    requestId: string,
    source: Source,
    authenticate: (head: Omit<ReceivedDelivery, 'body'>) => Trust,
    record: (received: ReceivedDelivery) => Promise<{ outcome: string }>,
  ): Promise<PlainResponse> => {
    const head = { receivedAt: deps.clock(), headers: storedHeaders(incoming.headers) }
    const trust = authenticate(head)
    const reader = trust === 'proven' || trust === 'unproven' ? trust : 'rejected'
    const batcher = reader === 'rejected' ? rejections : deps.incomingWebhooks
    const tickEnd = () => new Promise<void>((resolve) => batcher.schedule(resolve))
    let body: Buffer | undefined
    try {
      await tickEnd()
      body = bufferedBody(incoming)
      if (body === undefined) {
        body = await deps.bodies[reader](incoming)
        if (body.length <= MAX_BATCHED_BYTES) await tickEnd()
      }
      const { outcome } = await record({
        receivedAt: head.receivedAt,
        headers: head.headers,
        body,
        requestId,
      })
      return { status: 200, headers: JSON_TYPE, body: JSON.stringify({ outcome }) }
    } catch (caught) {
      const error = body === undefined ? readFailure(trust, caught) : caught
      if (error instanceof DeliveryRejected) {
        deps.meter.deliveryRejected(source.route, error.rejectionCause)
        const bytes = body?.length ?? sizeOfIncompleteBody(incoming, error.rejectionCause)
        const storedBody = body ?? Buffer.alloc(0)
        deps.rejectionLog.add(
          { ...head, ...source, body: storedBody, cause: error.rejectionCause, bytes },
          requestId,
        )
      }
      throw error
    }
  }

  return (token, incoming, requestId) => {
    if (token === null) {
      return handle(
        incoming,
        requestId,
        { route: 'account', token, submissionId: null },
        (head) => rejectionOfHead(deps, head) ?? 'unproven',
        (received) => receiveAccountDelivery(deps, received),
      )
    }
    const submissionId = deps.readToken(token)
    return handle(
      incoming,
      requestId,
      { route: 'extension', token, submissionId: submissionId ?? null },
      () => (submissionId === undefined ? 'forged_token' : 'proven'),
      (received) => receiveExtensionDelivery(deps, submissionId, received),
    )
  }
}

/** A larger body whose rest arrives in a later tick is not batched: many of them together would occupy many megabytes. */
const MAX_BATCHED_BYTES = 64 * 1024

const JSON_TYPE = ['Content-Type', 'application/json']

/**
 * The error of a delivery whose body could not be read. A delivery that is rejected whatever its body is stays rejected. Any other
 * delivery whose body was evicted to make room for others is not rejected: its sender gets a 503 and may retry.
 */
function readFailure(trust: Trust, error: unknown): unknown {
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

/** The size of an incomplete body, as far as it is known. At least 1: a size larger than the stored, empty body marks it as incomplete. */
function sizeOfIncompleteBody(incoming: IncomingMessage, rejection: RejectionCause): number {
  const minBytes = rejection === 'too_large' ? MAX_BODY_BYTES + 1 : 1
  const announced = Number(incoming.headers['content-length'] ?? 0)
  return Math.min(Math.max(announced, minBytes), Number.MAX_SAFE_INTEGER)
}

/** Any JSON, because a payload that the tracker doesn't know is stored too. */
const BODY = { mediaType: 'application/json', schema: z.unknown() }

/** The routes to which ImageKit sends webhooks. Only a 200 acknowledges a delivery. */
export function webhookRoutes(api: Api, { handleWebhook }: { handleWebhook: WebhookHandler }): void {
  route(api, '/webhooks/extension/:token', {
    POST: operation({
      id: 'receiveExtensionWebhook',
      summary: 'Receive the final status of an extension from ImageKit',
      auth: 'none',
      params: z.object({ token: z.string() }),
      body: BODY,
      responses: { 200: recordedDeliverySchema },
      problems: ['unauthenticated', 'store_unavailable', 'unknown_submission'],
      handle: async ({ params }, c) =>
        respond(c, await handleWebhook(params.token, c.env.incoming, c.get('requestId'))),
    }),
  })
  route(api, '/webhooks/account', {
    POST: operation({
      id: 'receiveAccountWebhook',
      summary: 'Receive an event of the account from ImageKit',
      auth: 'none',
      body: BODY,
      responses: { 200: recordedDeliverySchema },
      problems: ['unauthenticated', 'store_unavailable'],
      handle: async (_, c) => respond(c, await handleWebhook(null, c.env.incoming, c.get('requestId'))),
    }),
  })
}
