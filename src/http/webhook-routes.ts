import { Hono } from 'hono'
import type { DeliveryRoute } from '../domain/delivery.ts'
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
  clock: () => number
  newId: () => string
}

/** Where ImageKit tells what became of things. 200 and nothing else tells it that the word was heard. */
export function webhookRoutes(deps: WebhookRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  /** Reads the delivery and hands it on; a refused one is kept, with its cause. */
  const receive = async (
    c: AppContext,
    kept: { route: DeliveryRoute; token: string | null },
    take: (received: ReceivedDelivery) => Promise<{ outcome: string }>,
  ): Promise<Response> => {
    const headers = storedHeaders(c.env.incoming.headers)
    const received: ReceivedDelivery = {
      deliveryId: deps.newId(),
      receivedAt: deps.clock(),
      headers,
      body: Buffer.alloc(0),
    }
    try {
      received.body = await readDelivery(c)
      const { outcome } = await take(received)
      return c.json({ outcome })
    } catch (error) {
      if (error instanceof DeliveryRefused) {
        const bytes = Math.max(received.body.length, error.refusal === 'too_large' ? MAX_JSON_BYTES + 1 : 0)
        deps.refusedLog.keep({ ...received, ...kept, cause: error.refusal, bytes })
      }
      throw error
    }
  }

  route(app, '/webhooks/extension/:token', {
    POST: (c) => {
      const token = c.req.param('token') ?? ''
      return receive(c, { route: 'extension', token }, (received) =>
        receiveExtensionDelivery(deps, token, received),
      )
    },
  })
  route(app, '/webhooks/account', {
    POST: (c) =>
      receive(c, { route: 'account', token: null }, (received) => receiveAccountDelivery(deps, received)),
  })
  return app
}

async function readDelivery(c: AppContext): Promise<Buffer> {
  try {
    return await readBody(c.env.incoming, MAX_JSON_BYTES)
  } catch (error) {
    if (error instanceof TrackerError && error.code === 'payload_too_large')
      throw new DeliveryRefused('too_large', error.message)
    if (error instanceof TrackerError && error.code === 'client_closed')
      throw new DeliveryRefused('broken_off')
    throw error
  }
}
