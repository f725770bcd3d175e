import { Hono } from 'hono'
import type { AppEnv } from './app-env.ts'
import { respond } from './plain-response.ts'
import { route } from './routes.ts'
import type { WebhookHandler } from './webhook-handler.ts'

/** The routes to which ImageKit sends webhooks. Only a 200 acknowledges a delivery. */
export function webhookRoutes({ handleWebhook }: { handleWebhook: WebhookHandler }): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/webhooks/extension/:token', {
    POST: async (c) =>
      respond(c, await handleWebhook(c.req.param('token') ?? '', c.env.incoming, c.get('requestId'))),
  })
  route(app, '/webhooks/account', {
    POST: async (c) => respond(c, await handleWebhook(null, c.env.incoming, c.get('requestId'))),
  })
  return app
}
