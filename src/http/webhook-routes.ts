import { Hono } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import { readExtensionWord } from '../imagekit/extension-webhook.ts'
import type { CapabilityTokens } from '../tracking/capability-tokens.ts'
import { readWebhookToken } from '../tracking/links.ts'
import { receiveDelivery } from '../tracking/receive-delivery.ts'
import type { AppEnv } from './app-env.ts'
import { readBody } from './read-body.ts'
import { MAX_JSON_BYTES, parseJson } from './read-json.ts'
import { route } from './routes.ts'
import { storedHeaders } from './stored-headers.ts'

type WebhookRoutesDeps = Parameters<typeof receiveDelivery>[0] & {
  tokens: Pick<CapabilityTokens, 'webhook'>
  clock: () => number
  newId: () => string
}

/** Where ImageKit tells the final status of an extension. 200 and nothing else tells it that the word was heard. */
export function webhookRoutes(deps: WebhookRoutesDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/webhooks/extension/:token', {
    POST: async (c) => {
      const submissionId = readWebhookToken(deps.tokens, c.req.param('token') ?? '')
      if (submissionId === undefined)
        throw new TrackerError('unauthenticated', 'The token in this address is not one of ours.')
      const body = await readBody(c.env.incoming, MAX_JSON_BYTES)
      const word = readExtensionWord(parseJson(body), body.length)
      const { headers, signature } = storedHeaders(c.env.incoming)
      const { outcome } = await receiveDelivery(deps, {
        deliveryId: deps.newId(),
        route: 'extension',
        receivedAt: deps.clock(),
        submissionId,
        signature,
        headers,
        body,
        word,
      })
      return c.json({ outcome })
    },
  })
  return app
}
