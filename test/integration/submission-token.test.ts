import { expect, test } from 'vitest'
import { ADMIN_KEY, API_KEY, IMAGEKIT_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { FILE_ID, type Registration, register } from '../support/webhooks.ts'
import { openEvents } from './status-server.ts'

function responseUrl(statusUrl: string): string {
  const url = new URL(statusUrl)
  url.pathname += '/response'
  return url.href
}

const putResponse = (url: string, headers = {}) =>
  fetch(url, { method: 'PUT', headers, body: JSON.stringify({ fileId: FILE_ID }) })

test('the token of a submission gives access only to this submission', async () => {
  const tracker = await startTracker()
  const mine = await register(tracker, ['remove-bg'], null)
  const other = await register(tracker, ['remove-bg'], null)
  const { search } = new URL(mine.statusUrl)
  const otherUrl = `${tracker.url}/submissions/${other.submissionId}`
  expect((await fetch(otherUrl + search)).status).toBe(401)
  expect((await fetch(`${otherUrl}/events${search}`)).status).toBe(401)
  expect((await putResponse(`${otherUrl}/response${search}`)).status).toBe(401)
  // Not even to an asset with the same id, because the tokens of assets and of submissions are signed with different keys.
  expect((await fetch(`${tracker.url}/assets/${mine.submissionId}/status${search}`)).status).toBe(401)
  expect((await fetch(mine.statusUrl)).status).toBe(200)
  expect((await putResponse(responseUrl(mine.statusUrl))).status).toBe(200)
})

test('a missing or wrong key or token gets 401, even for an unknown id', async () => {
  const tracker = await startTracker()
  const { submissionId, webhookUrl, statusUrl } = await register(tracker, ['remove-bg'], null)
  const { search } = new URL(statusUrl)
  // A MAC of the same id, but for another purpose.
  const webhookMac = webhookUrl.slice(webhookUrl.lastIndexOf('.') + 1)
  const own = `${tracker.url}/submissions/${submissionId}`
  const rejected = [
    fetch(own),
    fetch(`${own}?token=`),
    fetch(`${own}/events`),
    fetch(`${own}/events?token=${webhookMac}`),
    fetch(`${own}?token=${webhookMac}`),
    fetch(statusUrl.slice(0, -1)),
    fetch(`${tracker.url}/submissions/unknown${search}`),
    fetch(own, { headers: { authorization: 'Bearer another-key-of-the-tests' } }),
    putResponse(`${own}/response`),
    putResponse(`${own}/response?token=${webhookMac}`),
  ]
  for (const response of await Promise.all(rejected)) {
    expect(response.status).toBe(401)
    const { code, detail } = (await response.json()) as { code: string; detail: string }
    expect(code).toBe('unauthenticated')
    // The message is about a submission, not about an asset.
    expect(detail).not.toMatch(/asset/)
  }
})

test('an API key and an admin key give access to any submission', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const own = `${tracker.url}/submissions/${submissionId}`
  for (const key of [API_KEY, ADMIN_KEY]) {
    const headers = { authorization: `Bearer ${key}` }
    expect((await fetch(own, { headers })).status).toBe(200)
    expect((await putResponse(`${own}/response`, headers)).status).toBe(200)
  }
})

test('routes that accept a token allow every origin, even for errors, and respond to OPTIONS with 204', async () => {
  const tracker = await startTracker()
  const { statusUrl, eventsUrl } = await register(tracker, ['remove-bg'], null)
  const badStatusUrl = `${statusUrl}x`
  const preflight = { method: 'OPTIONS', headers: { origin: 'https://shop.example' } }
  const wrongMethod = await fetch(statusUrl, { method: 'DELETE' })
  const statusPreflight = await fetch(statusUrl, preflight)
  const responsePreflight = await fetch(responseUrl(statusUrl), preflight)
  const responses = [
    await fetch(statusUrl),
    await fetch(badStatusUrl),
    await putResponse(responseUrl(statusUrl)),
    await putResponse(responseUrl(badStatusUrl)),
    wrongMethod,
    statusPreflight,
    responsePreflight,
    await fetch(eventsUrl, { method: 'HEAD' }),
    await fetch(`${eventsUrl}x`),
    await fetch(eventsUrl, preflight),
  ]
  const statuses = [200, 401, 200, 401, 405, 204, 204, 200, 401, 204]
  expect(responses.map(({ status }) => status)).toEqual(statuses)
  for (const { headers } of responses) {
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('x-request-id')).toEqual(expect.any(String))
    const exposed = headers.get('access-control-expose-headers')?.split(',')
    expect(exposed).toEqual(
      expect.arrayContaining(['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id']),
    )
  }
  expect(wrongMethod.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  expect(statusPreflight.headers.get('access-control-allow-methods')).toBe('GET,HEAD')
  expect(responsePreflight.headers.get('access-control-allow-methods')).toBe('PUT')
  expect(responsePreflight.headers.get('access-control-allow-headers')).toContain('Content-Type')
})

test('POST /submissions is for backends: no CORS, and OPTIONS gets 405', async () => {
  const tracker = await startTracker()
  for (const method of ['OPTIONS', 'GET']) {
    const response = await tracker.fetch('/submissions', {
      method,
      headers: { origin: 'https://shop.example' },
    })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  }
})

test('a browser uploads directly to ImageKit, reports the response, and follows the status', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox()
  const extensions = [{ name: 'remove-bg' }, { name: 'aws-auto-tagging', minConfidence: 50, maxTags: 5 }]
  const registered = await tracker.fetch('/submissions', {
    method: 'POST',
    body: JSON.stringify({ extensions }),
  })
  const { webhookUrl, statusUrl, eventsUrl } = (await registered.json()) as Registration
  const stream = await openEvents(eventsUrl)

  // From here on neither the API key nor the admin key is used. The upload authenticates at ImageKit with the private key, where a
  // browser would send a signature.
  const form = new FormData()
  form.set('file', new Blob(['hello']), 'hello.txt')
  form.set('fileName', 'hello.txt')
  form.set('tags', 'sandbox:delay=20,sandbox:aws-auto-tagging=failed')
  form.set('extensions', JSON.stringify(extensions))
  form.set('webhookUrl', webhookUrl)
  const authorization = `Basic ${btoa(`${IMAGEKIT_KEY}:`)}`
  const uploaded = await fetch(`${sandboxUrl}/api/v1/files/upload`, {
    method: 'POST',
    body: form,
    headers: { authorization },
  })
  const response = await fetch(responseUrl(statusUrl), { method: 'PUT', body: await uploaded.text() })
  expect(response.status).toBe(200)
  const returned = (await response.json()) as Registration & { fileId: string }
  expect(Object.keys(returned)).toEqual(expect.arrayContaining(['status', 'extensionStatus']))

  const submission = (await (await fetch(statusUrl)).json()) as Registration
  const bound = { fileId: returned.fileId, statusUrl: returned.statusUrl, eventsUrl: returned.eventsUrl }
  expect(submission).toMatchObject({ state: 'accepted', ...bound })
  const final = await fetch(`${returned.statusUrl}&wait=10`)
  expect(await final.json()).toMatchObject({
    status: 'failed',
    extensionStatus: { 'remove-bg': 'success', 'aws-auto-tagging': 'failed' },
  })
  await stream.ended
  const events = stream.events().map(({ data }) => JSON.parse(data))
  expect(events[0]).toMatchObject({ state: 'submitting', fileId: null })
  expect(events.at(-1)).toEqual(await (await fetch(returned.statusUrl)).json())
})
