import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished, vi } from 'vitest'

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
  /** Resolves once that many webhooks came. */
  waitFor(count: number): Promise<Webhook[]>
}

/** A little server that takes webhooks; `statuses` are answered in turn, then 200. */
export async function startReceiver(statuses: number[] = []): Promise<WebhookReceiver> {
  const received: Webhook[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer(async (request, response) => {
    received.push(JSON.parse(await text(request)))
    headers.push(request.headers)
    response.writeHead(statuses.shift() ?? 200, { location: '/elsewhere' }).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/hook?appId=some-id`,
    received,
    headers,
    waitFor: (count) =>
      vi.waitFor(
        () => {
          if (received.length < count) throw new Error(`${received.length} of ${count} webhooks came`)
          return received
        },
        { timeout: 5000, interval: 5 },
      ),
  }
}
