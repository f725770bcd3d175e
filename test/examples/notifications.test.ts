import { expect, test, vi } from 'vitest'
import { fetchTracker, startExample } from './run-example.ts'

for (const file of ['with-standardwebhooks.mjs', 'with-client.mjs']) {
  test(`the example notifications/${file} accepts the tracker's notifications, and rejects a forged one`, async () => {
    const receiver = await startExample('notifications', [process.execPath, file])
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
