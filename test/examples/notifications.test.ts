import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { fetchTracker, startExample } from './run-example.ts'

for (const file of ['with-standardwebhooks.mjs', 'with-client.mjs']) {
  test(`the example notifications/${file} accepts the tracker's notifications, and rejects a forged one`, async () => {
    const receiver = await startExample('notifications', [process.execPath, file])
    await disconnectWithinBody(receiver.url)
    await vi.waitFor(() => expect(receiver.output()).toContain('rejected aborted'))
    const body = new FormData()
    body.set('file', new Blob(['hello']), 'hello.txt')
    body.set('fileName', 'hello.txt')
    body.set('tags', 'sandbox:delay=10,sandbox:ai-auto-description=failed')
    body.set('extensions', JSON.stringify([{ name: 'remove-bg' }, { name: 'ai-auto-description' }]))
    body.set('webhookUrl', receiver.url)
    const response = await fetchTracker('/api/v1/files/upload', { method: 'POST', body })
    const { fileId } = (await response.json()) as { fileId: string }
    await vi.waitFor(
      () => {
        expect(receiver.output()).toContain(`remove-bg SUCCESS ${fileId}`)
        expect(receiver.output()).toContain(`ai-auto-description FAILURE ${fileId}`)
      },
      { timeout: 10_000 },
    )

    const forged = await fetch(receiver.url, {
      method: 'POST',
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
        'webhook-signature': 'v1,Zm9yZ2VkIHNpZ25hdHVyZSBvZiAzMiBieXRlcyEhISE=',
      },
      body: JSON.stringify({ service: 'forged', status: 'FAILURE', fileId }),
    })
    expect(forged.status).toBe(401)
    expect(receiver.output()).not.toContain('forged')
  })
}

/** A sender that disconnects before the end of its request's body. */
async function disconnectWithinBody(url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.end('POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{')
  await once(socket.resume(), 'close')
}
