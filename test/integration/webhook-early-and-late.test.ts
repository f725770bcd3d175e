import { expect, test } from 'vitest'
import { startTrackerAndSandbox } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'

function uploadForm(tags: string, names: readonly string[]): FormData {
  const form = new FormData()
  form.set('file', new Blob(['hello']), 'hello.txt')
  form.set('fileName', 'hello.txt')
  form.set('tags', `sandbox:delay=10,${tags}`)
  form.set('extensions', JSON.stringify(names.map((name) => ({ name }))))
  return form
}

test('a webhook before the upload response settles the run, and the response does not undo it', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const form = uploadForm('sandbox:webhook=early,sandbox:ai-tasks=failed', ['remove-bg', 'ai-tasks'])
  const response = await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: form })
  const { fileId, extensionStatus } = (await response.json()) as { fileId: string; extensionStatus: object }
  expect(extensionStatus).toEqual({ 'remove-bg': 'pending', 'ai-tasks': 'pending' })
  // Both webhooks were delivered before the upload response, so no webhook after it has settled the runs.
  expect(sandbox.deliveries().map(({ state }) => state)).toEqual(['delivered', 'delivered'])
  expect(await statusOf(tracker, fileId)).toMatchObject({
    extensionStatus: { 'remove-bg': 'success', 'ai-tasks': 'failed' },
    extensions: [{ source: 'webhook' }, { source: 'webhook' }],
  })
})

test('duplicate, reordered, late and contradicting webhooks do not change the first final status', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  for (const behaviour of ['duplicate', 'reorder', 'conflict', 'late']) {
    const form = uploadForm(`sandbox:webhook=${behaviour},sandbox:ai-tasks=failed`, ['remove-bg', 'ai-tasks'])
    const response = await tracker.fetch('/api/v1/files/upload', { method: 'POST', body: form })
    const { fileId } = (await response.json()) as { fileId: string }
    await tracker.fetch(`/assets/${fileId}/status?wait=10`)
    await expect.poll(() => sandbox.deliveries().every(({ state }) => state === 'delivered')).toBe(true)
    expect((await statusOf(tracker, fileId)).extensionStatus).toEqual({
      'remove-bg': 'success',
      'ai-tasks': 'failed',
    })
  }
})
