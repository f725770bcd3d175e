import { expect, test } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'

test('the extensions of an upload are pending at first, webhooks settle them, and the status shows the results', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const form = new FormData()
  form.set('file', new Blob(['hello']), 'hello.txt')
  form.set('fileName', 'hello.txt')
  form.set('tags', 'sandbox:delay=10,sandbox:aws-auto-tagging=failed')
  form.set(
    'extensions',
    JSON.stringify([{ name: 'remove-bg' }, { name: 'aws-auto-tagging', minConfidence: 50, maxTags: 5 }]),
  )
  const uploaded = await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: form })
  expect(uploaded.status).toBe(200)
  const file = (await uploaded.json()) as { fileId: string; extensionStatus: object }
  expect(file.extensionStatus).toEqual({ 'remove-bg': 'pending', 'aws-auto-tagging': 'pending' })

  const status = await tracker.fetch(`/assets/${file.fileId}/status?wait=10`)
  expect(await status.json()).toMatchObject({
    status: 'failed',
    extensionStatus: { 'remove-bg': 'success', 'aws-auto-tagging': 'failed' },
    extensions: [
      { name: 'remove-bg', status: 'success', source: 'webhook', error: null },
      { name: 'aws-auto-tagging', status: 'failed', source: 'webhook', error: expect.any(Object) },
    ],
  })
  const headers = { 'last-event-id': status.headers.get('etag') ?? '' }
  expect((await tracker.fetch(`/assets/${file.fileId}/events`, { headers })).status).toBe(204)
})
