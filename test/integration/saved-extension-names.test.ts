import { expect, test } from 'vitest'
import { type Call, startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { ask } from '../support/operator.ts'
import { type RunningTracker, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { FILE, FILE_NAME, getSubmission, update, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload, type Registration, statusOf } from '../support/webhooks.ts'

async function registerSaved(tracker: RunningTracker, ...ids: string[]): Promise<Registration> {
  const response = await tracker.fetch('/submissions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ fileId: FILE_ID, extensions: ids.map((id) => ({ name: 'saved-extension', id })) }),
  })
  expect(response.status).toBe(201)
  return (await response.json()) as Registration
}

async function namesOf(tracker: RunningTracker, submissionId: string | null) {
  const { extensions } = (await getSubmission(tracker, submissionId)) as { extensions: { name: string }[] }
  return extensions.map(({ name }) => name)
}

async function startWith(handle: (call: Call) => unknown) {
  const imagekit = await startMisbehavingImagekit(handle)
  const env = { IMAGEKIT_API_URL: imagekit.url, IMAGEKIT_UPLOAD_URL: imagekit.url }
  return { imagekit, tracker: await startTracker(env) }
}

test('a saved extension has its real name from the start, and no other extension is taken for it', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const { submissionId, webhookUrl } = await registerSaved(tracker, 'ext_remove-bg')
  expect(await namesOf(tracker, submissionId)).toEqual(['remove-bg'])
  expect(await deliver(webhookUrl, payload('ai-tasks', 'success'))).toMatchObject({
    json: { outcome: 'ignored' },
  })
  expect(await deliver(webhookUrl, payload('remove-bg', 'success'))).toMatchObject({
    json: { outcome: 'applied' },
  })
  expect(await namesOf(tracker, submissionId)).toEqual(['remove-bg'])
})

test('two saved extensions that run the same extension have one run, which its webhook settles', async () => {
  const { tracker } = await startTrackerAndSandbox()
  const { submissionId, webhookUrl } = await registerSaved(tracker, 'ext_abc', 'ext_aws-auto-tagging')
  await deliver(webhookUrl, payload('aws-auto-tagging', 'success'))
  expect(await getSubmission(tracker, submissionId)).toMatchObject({
    extensions: [{ name: 'aws-auto-tagging', status: 'success' }],
  })
  expect(await namesOf(tracker, submissionId)).toHaveLength(1)
})

test('uploads, updates and retries name saved extensions, too, with one lookup', async () => {
  const { imagekit, tracker } = await startWith(async (call) => {
    if (call.path === '/v1/saved-extensions/ext_1') return call.respond(200, { config: { name: 'ai-tasks' } })
    await call.readToEnd()
    call.respond(200, { fileId: FILE_ID })
  })
  const uploaded = await upload(tracker, [FILE, FILE_NAME, ['extensions', JSON.stringify(SAVED)]])
  expect(await namesOf(tracker, uploaded.headers.get('x-submission-id'))).toEqual(['ai-tasks'])
  const updated = await update(tracker, { extensions: SAVED })
  expect(await namesOf(tracker, updated.headers.get('x-submission-id'))).toEqual(['ai-tasks'])
  const { webhookUrl } = await registerSaved(tracker, 'ext_1')
  await deliver(webhookUrl, payload('ai-tasks', 'failure'))
  const [run] = (await statusOf(tracker)).extensions
  const retried = await ask(tracker, `/runs/${run?.runId}/retry`, { method: 'POST' })
  expect(retried).toMatchObject({ status: 201, json: { name: 'ai-tasks', attempt: 2 } })
  const lookups = imagekit.calls.filter(({ path }) => path.startsWith('/v1/saved-extensions/'))
  expect(lookups).toHaveLength(1)
})

test('an id that can not be one segment of a path is not looked up, and keeps a placeholder', async () => {
  const { imagekit, tracker } = await startWith((call) => call.respond(200, { config: { name: 'ai-tasks' } }))
  for (const id of ['', '.', '..', '../files', 'a\\b', 'a\nb', '\ud800', 'x'.repeat(129)]) {
    const { submissionId } = await registerSaved(tracker, id)
    expect(await namesOf(tracker, submissionId), JSON.stringify(id)).toEqual(['saved-extension'])
  }
  expect(imagekit.calls.map(({ path }) => path)).toEqual([])
})

const SAVED = [{ name: 'saved-extension', id: 'ext_1' }]

test.each([
  ['responds that there is none', (call: Call) => call.respond(404, { message: 'None.', help: '' })],
  ['responds with an error', (call: Call) => call.respond(500, 'no')],
  ['responds with something else', (call: Call) => call.respond(200, { config: {} })],
  ['limits the rate', (call: Call) => call.respond(429, { message: 'Slow.' })],
  ['does not respond', () => {}],
])('if ImageKit %s, the saved extension keeps a placeholder until it is named', async (_, handle) => {
  const { imagekit, tracker } = await startWith(handle)
  const { submissionId, webhookUrl } = await registerSaved(tracker, 'ext_1')
  expect(await namesOf(tracker, submissionId)).toEqual(['saved-extension'])
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  expect(await namesOf(tracker, submissionId)).toEqual(['remove-bg'])
  await registerSaved(tracker, 'ext_1')
  expect(imagekit.calls).toHaveLength(1)
})
