import { request } from 'undici'
import type { Delay } from '../delay.ts'
import type { SandboxLogger } from '../sandbox-logger.ts'
import type { ExtensionWebhook } from './extension-webhook.ts'

// ImageKit: no answer in 30 s is a failure; it retries for at most 24 hours.
const ANSWER_WITHIN_MS = 30_000
const RETRY_WITHIN_MS = 24 * 60 * 60 * 1000
const LONGEST_PAUSE_MS = 10 * 60 * 1000
const MOST_REMEMBERED = 1000

/** One webhook on its way. `statusCode` is null where no answer came. Only exactly 200 delivers it. */
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
  /** Pause before the first retry; it doubles from there to ten minutes. */
  retryBaseMs: number
  logger: SandboxLogger
}

export function createWebhookSender({ clock, delay, signal, retryBaseMs, logger }: Dependencies) {
  const deliveries: Delivery[] = []

  async function attempt(delivery: Delivery): Promise<boolean> {
    const at = clock()
    const statusCode = await post(delivery, signal)
    delivery.attempts.push({ at, statusCode })
    const delivered = statusCode === 200
    if (delivered) delivery.state = 'delivered'
    const { service, status } = delivery.payload
    logger.info({ service, status, statusCode, attempt: delivery.attempts.length }, 'webhook sent')
    return delivered
  }

  async function retry(delivery: Delivery): Promise<void> {
    const startedAt = clock().getTime()
    for (let pause = retryBaseMs; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      await delay(pause, signal)
      signal.throwIfAborted()
      if (clock().getTime() - startedAt > RETRY_WITHIN_MS) {
        delivery.state = 'abandoned'
        return
      }
      if (await attempt(delivery)) return
    }
  }

  return {
    /** Sends a webhook. The first promise is over with its first attempt, `settled` with its last. */
    async send(webhookUrl: string, payload: ExtensionWebhook): Promise<{ settled: Promise<void> }> {
      const delivery: Delivery = { webhookUrl, payload, attempts: [], state: 'sending' }
      deliveries.push(delivery)
      if (deliveries.length > MOST_REMEMBERED) deliveries.shift()
      const delivered = await attempt(delivery)
      return { settled: delivered ? Promise.resolve() : retry(delivery) }
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
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
    })
    await body.dump()
    return statusCode
  } catch {
    return null
  }
}
