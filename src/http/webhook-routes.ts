import { z } from 'zod'
import { recordedDeliverySchema } from '../contract/delivery.ts'
import { respond } from './plain-response.ts'
import { type Api, operation, route } from './route.ts'
import type { WebhookHandler } from './webhook-handler.ts'

const BODY = { mediaType: 'application/json' }

/** The routes to which ImageKit sends webhooks. Only a 200 acknowledges a delivery. */
export function webhookRoutes(api: Api, { handleWebhook }: { handleWebhook: WebhookHandler }): void {
  route(api, '/webhooks/extension/:token', {
    POST: operation({
      auth: 'none',
      params: z.object({ token: z.string() }),
      body: BODY,
      responses: { 200: recordedDeliverySchema },
      handle: async ({ params }, c) =>
        respond(c, await handleWebhook(params.token, c.env.incoming, c.get('requestId'))),
    }),
  })
  route(api, '/webhooks/account', {
    POST: operation({
      auth: 'none',
      body: BODY,
      responses: { 200: recordedDeliverySchema },
      handle: async (_, c) => respond(c, await handleWebhook(null, c.env.incoming, c.get('requestId'))),
    }),
  })
}
