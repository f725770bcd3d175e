import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import { startListening } from '../../support/listening.ts'

type Webhook = {
  service: string
  status: 'SUCCESS' | 'FAILURE'
  fileId?: string
  fileObject?: Record<string, unknown>
  error?: Record<string, unknown>
}

export type WebhookReceiver = {
  url: string
  received: Webhook[]
  headers: IncomingHttpHeaders[]
  /** Resolves once `count` webhooks were received. */
  waitFor(count: number): Promise<Webhook[]>
}

/** A server that receives webhooks and responds with each of `statuses` in turn, then with 200. */
export async function startReceiver(statuses: number[] = []): Promise<WebhookReceiver> {
  const received: Webhook[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer(async (request, response) => {
    received.push(JSON.parse(await text(request)))
    headers.push(request.headers)
    response.writeHead(statuses.shift() ?? 200, { location: '/elsewhere' }).end()
  })
  return {
    url: `${await startListening(server)}/hook?appId=some-id`,
    received,
    headers,
    async waitFor(count) {
      await expect.poll(() => received.length, { interval: 5 }).toBeGreaterThanOrEqual(count)
      return received
    },
  }
}
