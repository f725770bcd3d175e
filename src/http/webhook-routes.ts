import { Hono } from 'hono'
import type { AppEnv } from './app-env.ts'
import { respond } from './plain-answer.ts'
import { route } from './routes.ts'
import type { TakeWebhook } from './take-webhook.ts'

/** Where ImageKit tells what became of things. 200 and nothing else tells it that the word was heard. */
export function webhookRoutes({ takeWebhook }: { takeWebhook: TakeWebhook }): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/webhooks/extension/:token', {
    POST: async (c) =>
      respond(c, await takeWebhook(c.req.param('token') ?? '', c.env.incoming, c.get('requestId'))),
  })
  route(app, '/webhooks/account', {
    POST: async (c) => respond(c, await takeWebhook(null, c.env.incoming, c.get('requestId'))),
  })
  return app
}
