import type { IncomingMessage } from 'node:http'
import { Hono } from 'hono'
import type { DeliveryRoute, RefusalCause } from '../domain/delivery.ts'
import { TrackerError } from '../domain/errors.ts'
import { DeliveryRefused } from '../tracking/delivery-refused.ts'
import {
  type ReceiveDeliveryDeps,
  type ReceivedDelivery,
  receiveAccountDelivery,
  receiveExtensionDelivery,
} from '../tracking/receive-delivery.ts'
import type { RefusedLog } from '../tracking/refused-log.ts'
import type { AppContext, AppEnv } from './app-env.ts'
import { readBody } from './read-body.ts'
import { MAX_JSON_BYTES } from './read-json.ts'
import { route } from './routes.ts'
import { storedHeaders } from './stored-headers.ts'

type WebhookRoutesDeps = ReceiveDeliveryDeps & {
  refusedLog: Pick<RefusedLog, 'keep'>
  meter: { deliveryRefused(route: DeliveryRoute, cause: RefusalCause): void }
  /** The submission that a webhook token names and proves; undefined for a forged one. */
  readToken: (token: string) => string | undefined
  clock: () => number
  newId: () => string
}

/** So long the body of a delivery with a forged token is waited for: it is kept, but it must not hold a socket. */
const FORGED_BODY_MS = 1000

/** Where ImageKit tells what became of things. 200 and nothing else tells it that the word was heard. */
export function webhookRoutes(deps: WebhookRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  /** Reads the delivery and hands it on; a refused one is kept, with its cause. */
  const receive = async (
    c: AppContext,
    from: { route: DeliveryRoute; token: string | null },
    read: (incoming: IncomingMessage) => Promise<Buffer>,
    take: (received: ReceivedDelivery) => Promise<{ outcome: string }>,
  ): Promise<Response> => {
    const { incoming } = c.env
    const head = {
      deliveryId: deps.newId(),
      receivedAt: deps.clock(),
      headers: storedHeaders(incoming.headers),
    }
    let body: Buffer | undefined
    try {
      body = await read(incoming)
      const { outcome } = await take({ ...head, body })
      return c.json({ outcome })
    } catch (error) {
      if (error instanceof DeliveryRefused) {
        deps.meter.deliveryRefused(from.route, error.refusal)
        const bytes = body?.length ?? sizeOfUnread(incoming, error.refusal)
        deps.refusedLog.keep({
          ...head,
          ...from,
          body: body ?? Buffer.alloc(0),
          cause: error.refusal,
          bytes,
        })
      }
      throw error
    }
  }

  route(app, '/webhooks/extension/:token', {
    POST: (c) => {
      const token = c.req.param('token') ?? ''
      const submissionId = deps.readToken(token)
      const read = submissionId === undefined ? readForged : readDelivery
      return receive(c, { route: 'extension', token }, read, (received) =>
        receiveExtensionDelivery(deps, submissionId, received),
      )
    },
  })
  route(app, '/webhooks/account', {
    POST: (c) =>
      receive(c, { route: 'account', token: null }, readDelivery, (received) =>
        receiveAccountDelivery(deps, received),
      ),
  })
  return app
}

async function readDelivery(incoming: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(incoming, MAX_JSON_BYTES)
  } catch (error) {
    if (error instanceof TrackerError && error.code === 'payload_too_large')
      throw new DeliveryRefused('too_large', error.message)
    if (error instanceof TrackerError && error.code === 'client_closed')
      throw new DeliveryRefused('broken_off')
    throw error
  }
}

/** It is refused in any case; the body is read only to be kept. */
async function readForged(incoming: IncomingMessage): Promise<Buffer> {
  try {
    return await readBody(incoming, MAX_JSON_BYTES, FORGED_BODY_MS, AbortSignal.timeout(FORGED_BODY_MS))
  } catch (error) {
    if (error instanceof TrackerError) throw new DeliveryRefused('forged_token')
    throw error
  }
}

/** The size of a body that did not come whole, as far as it is known: more than nothing, which is what is kept of it. */
function sizeOfUnread(incoming: IncomingMessage, refusal: RefusalCause): number {
  const least = refusal === 'too_large' ? MAX_JSON_BYTES + 1 : 1
  const announced = Number(incoming.headers['content-length'] ?? 0)
  return Math.min(Math.max(announced, least), Number.MAX_SAFE_INTEGER)
}
