import type { Logger } from 'pino'
import { request } from 'undici'
import type { Delay } from '../background-tasks.ts'
import type { ExtensionWebhook } from './extension-webhook.ts'

// Like ImageKit: an attempt without a response within 30 s has failed, and a webhook is retried for at most 24 hours.
const RESPONSE_TIMEOUT_MS = 30_000
const RETRY_WINDOW_MS = 24 * 60 * 60 * 1000
const MAX_BACKOFF_MS = 10 * 60 * 1000

/** How many webhooks `deliveries` lists. */
const MAX_LISTED = 1000

/**
 * One webhook and the attempts to deliver it. `statusCode` is null if there was no complete response. Only a 200 counts as
 * delivered.
 */
export type Delivery = {
  webhookUrl: string
  payload: ExtensionWebhook
  attempts: { at: Date; statusCode: number | null }[]
  state: 'sending' | 'delivered' | 'abandoned'
}

export type WebhookSender = ReturnType<typeof createWebhookSender>

type Dependencies = {
  clock: () => Date
  delay: Delay
  signal: AbortSignal
  /** The pause before the first retry. It doubles each time, up to ten minutes. */
  retryBaseMs: number
  logger: Pick<Logger, 'info'>
}

export function createWebhookSender({ clock, delay, signal, retryBaseMs, logger }: Dependencies) {
  const deliveries: Delivery[] = []

  async function attempt(delivery: Delivery): Promise<boolean> {
    const at = clock()
    const statusCode = await post(delivery, signal)
    delivery.attempts.push({ at, statusCode })
    const isDelivered = statusCode === 200
    if (isDelivered) delivery.state = 'delivered'
    const { service, status } = delivery.payload
    const attempts = delivery.attempts.length
    logger.info({ event: 'webhook.sent', service, status, statusCode, attempt: attempts }, 'webhook sent')
    return isDelivered
  }

  async function retry(delivery: Delivery): Promise<void> {
    const startedAt = clock().getTime()
    for (let pause = retryBaseMs; ; pause = Math.min(pause * 2, MAX_BACKOFF_MS)) {
      await delay(pause, signal)
      signal.throwIfAborted()
      if (clock().getTime() - startedAt > RETRY_WINDOW_MS) {
        delivery.state = 'abandoned'
        return
      }
      if (await attempt(delivery)) return
    }
  }

  return {
    /**
     * Sends a webhook. Resolves after the first attempt; `settled` resolves once the webhook is delivered or abandoned, and
     * rejects if `signal` aborts first.
     */
    async send(webhookUrl: string, payload: ExtensionWebhook): Promise<{ settled: Promise<void> }> {
      const delivery: Delivery = { webhookUrl, payload, attempts: [], state: 'sending' }
      deliveries.push(delivery)
      if (deliveries.length > MAX_LISTED) deliveries.shift()
      const isDelivered = await attempt(delivery)
      return { settled: isDelivered ? Promise.resolve() : retry(delivery) }
    },

    /** The newest deliveries, oldest first. */
    deliveries: (): readonly Delivery[] => structuredClone(deliveries),
  }
}

async function post({ webhookUrl, payload }: Delivery, signal: AbortSignal): Promise<number | null> {
  try {
    const { statusCode, body } = await request(webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'ImageKit-Sandbox' },
      body: JSON.stringify(payload),
      signal: AbortSignal.any([signal, AbortSignal.timeout(RESPONSE_TIMEOUT_MS)]),
    })
    await body.dump()
    return statusCode
  } catch {
    return null
  }
}
