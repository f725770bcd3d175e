import { expect, test } from 'vitest'
import { startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, register, statusOf } from '../support/webhooks.ts'

function success(service: string) {
  return { service, status: 'SUCCESS', fileObject: { fileId: FILE_ID } }
}

test('an asset is pending until both of two saved extensions have their final status', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['saved-extension', 'saved-extension'])
  await deliver(webhookUrl, success('remove-bg'))
  expect(await statusOf(tracker)).toMatchObject({
    status: 'pending',
    extensionStatus: { 'saved-extension': 'pending', 'remove-bg': 'success' },
  })
  await deliver(webhookUrl, success('ai-tasks'))
  expect(await statusOf(tracker)).toMatchObject({
    status: 'success',
    extensionStatus: { 'remove-bg': 'success', 'ai-tasks': 'success' },
  })
})

test('a response that names the extension behind one of two saved extensions leaves the other pending', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['saved-extension', 'saved-extension'], null)
  const response = { fileId: FILE_ID, extensionStatus: { 'remove-bg': 'success' } }
  const returned = await tracker.fetch(`/submissions/${submissionId}/response`, {
    method: 'PUT',
    body: JSON.stringify(response),
  })
  expect(await returned.json()).toMatchObject({
    status: 'pending',
    extensionStatus: { 'saved-extension': 'pending', 'remove-bg': 'success' },
  })
})

test('when a saved extension is requested again, its result also replaces the placeholder of the older submission', async () => {
  const tracker = await startTracker()
  await register(tracker, ['saved-extension'])
  const { webhookUrl } = await register(tracker, ['saved-extension'])
  await deliver(webhookUrl, success('remove-bg'))
  expect(await statusOf(tracker)).toMatchObject({
    status: 'success',
    extensionStatus: { 'remove-bg': 'success' },
  })
})
