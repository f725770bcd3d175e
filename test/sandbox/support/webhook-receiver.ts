import type { IncomingHttpHeaders } from 'node:http'
import { expect } from 'vitest'
import { startReceiver } from '../../support/receiver.ts'

type Webhook = {
  service: string
  status: 'SUCCESS' | 'FAILURE'
  fileId?: string
  fileObject?: Record<string, unknown>
  error?: Record<string, unknown>
}

export type WebhookReceiver = {
  url: string
  readonly received: Webhook[]
  readonly headers: IncomingHttpHeaders[]
  /** Waits until at least `count` webhooks have been received, and returns all of them. */
  waitFor(count: number): Promise<Webhook[]>
}

/** Starts a server that receives webhooks and responds with each of `statuses` in turn, then with 200. A redirect leads to `/elsewhere`. */
export async function startWebhookReceiver(statuses: number[] = []): Promise<WebhookReceiver> {
  const { url, requests } = await startReceiver((_request, response) =>
    response.writeHead(statuses.shift() ?? 200, { location: '/elsewhere' }).end(),
  )
  const received = () => requests.map(({ body }): Webhook => JSON.parse(body))
  return {
    // With a query, as the `webhookUrl` of an application may have one.
    url: `${url}?appId=some-id`,
    get received() {
      return received()
    },
    get headers() {
      return requests.map(({ headers }) => headers)
    },
    async waitFor(count) {
      await expect.poll(() => requests.length, { interval: 5 }).toBeGreaterThanOrEqual(count)
      return received()
    },
  }
}
