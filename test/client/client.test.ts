import { expect, test } from 'vitest'
import {
  createClient,
  TrackerApiError,
  TrackerSubmissionError,
  TrackerTimeoutError,
} from '../../src/client/client.ts'
import { ADMIN_KEY, API_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { upload } from '../support/uploads.ts'
import { deliver, FILE_ID, payload, register } from '../support/webhooks.ts'

async function uploadWith(tags: string) {
  const { tracker } = await startTrackerAndSandbox()
  const response = await upload(tracker, [
    ['file', 'hello', 'a.txt'],
    ['fileName', 'a.txt'],
    ['extensions', '[{"name":"remove-bg"}]'],
    ['tags', tags],
  ])
  const { fileId } = (await response.json()) as { fileId: string }
  const statusUrl = /<([^>]+)>; rel="status"/.exec(response.headers.get('link') ?? '')?.[1] ?? ''
  return { tracker, fileId, statusUrl }
}

test('waitFor resolves with the final status, by the fileId and a key, or by the statusUrl alone', async () => {
  const { tracker, fileId, statusUrl } = await uploadWith('sandbox:delay=50')
  const client = createClient({ url: tracker.url, key: API_KEY })
  expect(await client.waitFor(fileId)).toMatchObject({ fileId, status: 'success' })
  expect(await createClient({ url: tracker.url }).waitFor(statusUrl)).toMatchObject({
    fileId,
    status: 'success',
  })
})

test('waitFor rejects with a typed error after its timeout, and with the reason as soon as its signal aborts', async () => {
  const tracker = await startTracker()
  await register(tracker, ['remove-bg'])
  const client = createClient({ url: tracker.url, key: API_KEY })
  const late = await client.waitFor(FILE_ID, { timeout: 50 }).catch((error: unknown) => error)
  expect(late).toBeInstanceOf(TrackerTimeoutError)
  expect(late).toMatchObject({ timeoutMs: 50 })
  const stop = new AbortController()
  const stopped = client.waitFor(FILE_ID, { signal: stop.signal })
  stop.abort(new Error('no longer needed'))
  await expect(stopped).rejects.toThrow('no longer needed')
})

test('waitFor continues while the tracker restarts', async () => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  const port = new URL(tracker.url).port
  let sent = 0
  const countSent: typeof fetch = (input, init) => {
    sent += 1
    return fetch(input, init)
  }
  const waiting = createClient({ url: tracker.url, key: API_KEY, fetch: countSent }).waitFor(FILE_ID)
  // The first request returns at once; the second one waits at the tracker.
  await expect.poll(() => sent).toBe(2)
  const restarted = await tracker.restart({ PORT: port })
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  expect(restarted.url).toBe(tracker.url)
  expect(await waiting).toMatchObject({ status: 'success' })
})

test('watch yields each status until nothing is pending', async () => {
  const { tracker, fileId } = await uploadWith('sandbox:delay=50')
  const statuses: string[] = []
  for await (const { status } of createClient({ url: tracker.url, key: API_KEY }).watch(fileId))
    statuses.push(status)
  expect(statuses.at(-1)).toBe('success')
  expect(new Set(statuses.slice(0, -1))).toEqual(statuses.length > 1 ? new Set(['pending']) : new Set())
})

test('watch falls back to long polling if the stream does not get through', async () => {
  const { tracker, fileId } = await uploadWith('sandbox:delay=50')
  const paths: string[] = []
  const withoutStreams: typeof fetch = (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    paths.push(pathname)
    return pathname.endsWith('/events')
      ? Promise.resolve(new Response('', { status: 502 }))
      : fetch(input, init)
  }
  const client = createClient({ url: tracker.url, key: API_KEY, fetch: withoutStreams })
  let last = ''
  for await (const { status } of client.watch(fileId)) last = status
  expect(last).toBe('success')
  expect(paths).toContain(`/assets/${fileId}/events`)
})

test('a browser registers through its backend, reports ImageKit’s response, and waits with the submission’s URL only', async () => {
  const tracker = await startTracker()
  const backend = createClient({ url: tracker.url, key: API_KEY })
  const registered = await backend.register({ extensions: [{ name: 'remove-bg' }] })
  const browser = createClient({
    url: tracker.url,
    token: new URL(registered.statusUrl).searchParams.get('token') ?? '',
  })
  const waiting = createClient({ url: tracker.url }).waitFor(registered.statusUrl)
  const response = { fileId: FILE_ID, name: 'a.jpg', extensionStatus: { 'remove-bg': 'pending' } }
  const reported = await browser.reportResponse(registered.submissionId, response)
  expect(reported).toMatchObject({ fileId: FILE_ID, status: 'pending' })
  await deliver(registered.webhookUrl, payload('remove-bg', 'success'))
  expect(await waiting).toMatchObject({ fileId: FILE_ID, status: 'success' })
})

test('waiting for a submission whose upload ImageKit rejected fails with a typed error', async () => {
  const tracker = await startTracker()
  const client = createClient({ url: tracker.url, key: API_KEY })
  const { submissionId, statusUrl } = await client.register({ extensions: [{ name: 'remove-bg' }] })
  await client.reportResponse(submissionId, { message: 'Your account is over its limit.' })
  await expect(client.waitFor(statusUrl)).rejects.toBeInstanceOf(TrackerSubmissionError)
})

test('failures and retry use an admin key', async () => {
  const { tracker, fileId } = await uploadWith('sandbox:delay=1,sandbox:remove-bg=failed')
  await createClient({ url: tracker.url, key: API_KEY }).waitFor(fileId)
  const operator = createClient({ url: tracker.url, key: ADMIN_KEY })
  const { runs } = await operator.failures({ extension: 'remove-bg', limit: 5 })
  expect(runs).toMatchObject([{ name: 'remove-bg', status: 'failed' }])
  expect(await operator.retry(runs[0]?.runId ?? '', { reason: 'try again' })).toMatchObject({
    attempt: 2,
  })
})

test('errors have the problem’s code, status, request id and invalid fields', async () => {
  const tracker = await startTracker()
  const failed = (key: string) =>
    createClient({ url: tracker.url, key })
      .register({ extensions: [] })
      .catch((error: unknown) => error)
  expect(await failed('wrong')).toBeInstanceOf(TrackerApiError)
  expect(await failed('wrong')).toMatchObject({
    code: 'unauthenticated',
    status: 401,
    requestId: expect.any(String),
  })
  expect(await failed(API_KEY)).toMatchObject({
    code: 'invalid_input',
    status: 400,
    errors: [{ field: 'extensions', message: 'is empty' }],
  })
})
