import { expect, test } from 'vitest'
import { ADMIN_KEY, API_KEY, IMAGEKIT_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { FILE_ID, type Registered, register } from '../support/webhooks.ts'
import { openEvents } from './status-server.ts'

function responseUrl(statusUrl: string): string {
  const url = new URL(statusUrl)
  url.pathname += '/response'
  return url.href
}

const put = (url: string, headers = {}) =>
  fetch(url, { method: 'PUT', headers, body: JSON.stringify({ fileId: FILE_ID }) })

test('the token opens its own submission and its response, and no other', async () => {
  const tracker = await startTracker()
  const mine = await register(tracker, ['remove-bg'], null)
  const other = await register(tracker, ['remove-bg'], null)
  const { search } = new URL(mine.statusUrl)
  const others = `${tracker.url}/submissions/${other.submissionId}`
  expect((await fetch(others + search)).status).toBe(401)
  expect((await fetch(`${others}/events${search}`)).status).toBe(401)
  expect((await put(`${others}/response${search}`)).status).toBe(401)
  expect((await fetch(`${tracker.url}/assets/${mine.submissionId}/status${search}`)).status).toBe(401)
  expect((await fetch(mine.statusUrl)).status).toBe(200)
  expect((await put(responseUrl(mine.statusUrl))).status).toBe(200)
})

test('nothing else opens them: no key, a wrong key, a forged or foreign token; an unknown id tells no more', async () => {
  const tracker = await startTracker()
  const { submissionId, webhookUrl, statusUrl } = await register(tracker, ['remove-bg'], null)
  const { search } = new URL(statusUrl)
  const webhookToken = webhookUrl.slice(webhookUrl.lastIndexOf('.') + 1)
  const own = `${tracker.url}/submissions/${submissionId}`
  const refused = [
    fetch(own),
    fetch(`${own}?token=`),
    fetch(`${own}/events`),
    fetch(`${own}/events?token=${webhookToken}`),
    fetch(`${own}?token=${webhookToken}`),
    fetch(statusUrl.slice(0, -1)),
    fetch(`${tracker.url}/submissions/unknown${search}`),
    fetch(own, { headers: { authorization: 'Bearer another-key-of-the-tests' } }),
    put(`${own}/response`),
    put(`${own}/response?token=${webhookToken}`),
  ]
  for (const answer of await Promise.all(refused)) {
    expect(answer.status).toBe(401)
    const { code, detail } = (await answer.json()) as { code: string; detail: string }
    expect(code).toBe('unauthenticated')
    expect(detail).not.toMatch(/asset/)
  }
})

test('an API key and an admin key open any submission', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const own = `${tracker.url}/submissions/${submissionId}`
  for (const key of [API_KEY, ADMIN_KEY]) {
    const headers = { authorization: `Bearer ${key}` }
    expect((await fetch(own, { headers })).status).toBe(200)
    expect((await put(`${own}/response`, headers)).status).toBe(200)
  }
})

test('any page may use the routes that take the token, also for their errors, and OPTIONS is 204 there', async () => {
  const tracker = await startTracker()
  const { statusUrl, eventsUrl } = await register(tracker, ['remove-bg'], null)
  const bad = `${statusUrl}x`
  const preflight = { method: 'OPTIONS', headers: { origin: 'https://shop.example' } }
  const answers = [
    await fetch(statusUrl),
    await fetch(bad),
    await put(responseUrl(statusUrl)),
    await put(responseUrl(bad)),
    await fetch(statusUrl, { method: 'DELETE' }),
    await fetch(statusUrl, preflight),
    await fetch(responseUrl(statusUrl), preflight),
    await fetch(eventsUrl, { method: 'HEAD' }),
    await fetch(`${eventsUrl}x`),
    await fetch(eventsUrl, preflight),
  ]
  const statuses = [200, 401, 200, 401, 405, 204, 204, 200, 401, 204]
  expect(answers.map(({ status }) => status)).toEqual(statuses)
  for (const { headers } of answers) {
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('x-request-id')).toEqual(expect.any(String))
    const exposed = headers.get('access-control-expose-headers')?.split(',')
    expect(exposed).toEqual(
      expect.arrayContaining(['ETag', 'Retry-After', 'Location', 'Link', 'X-Request-Id']),
    )
  }
  expect(answers[4]?.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
  expect(answers[5]?.headers.get('access-control-allow-methods')).toBe('GET,HEAD')
  expect(answers[6]?.headers.get('access-control-allow-methods')).toBe('PUT')
  expect(answers[6]?.headers.get('access-control-allow-headers')).toContain('Content-Type')
})

test('POST /submissions is for backends: no CORS, and OPTIONS is 405', async () => {
  const tracker = await startTracker()
  for (const method of ['OPTIONS', 'GET']) {
    const answer = await tracker.fetch('/submissions', {
      method,
      headers: { origin: 'https://shop.example' },
    })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  }
})

test('a browser uploads straight to ImageKit with our webhookUrl, tells the answer, and follows the status', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox()
  const extensions = [{ name: 'remove-bg' }, { name: 'aws-auto-tagging', minConfidence: 50, maxTags: 5 }]
  const registered = await tracker.fetch('/submissions', {
    method: 'POST',
    body: JSON.stringify({ extensions }),
  })
  const { webhookUrl, statusUrl, eventsUrl } = (await registered.json()) as Registered
  const stream = await openEvents(eventsUrl)

  // From here on there is no key of the tracker's.
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
  const answer = await fetch(responseUrl(statusUrl), { method: 'PUT', body: await uploaded.text() })
  expect(answer.status).toBe(200)
  const told = (await answer.json()) as Registered & { fileId: string }
  expect(Object.keys(told)).toEqual(expect.arrayContaining(['status', 'extensionStatus']))

  const submission = (await (await fetch(statusUrl)).json()) as Registered
  const bound = { fileId: told.fileId, statusUrl: told.statusUrl, eventsUrl: told.eventsUrl }
  expect(submission).toMatchObject({ state: 'accepted', ...bound })
  const final = await fetch(`${told.statusUrl}&wait=10`)
  expect(await final.json()).toMatchObject({
    status: 'failed',
    extensionStatus: { 'remove-bg': 'success', 'aws-auto-tagging': 'failed' },
  })
  await stream.ended
  const events = stream.events().map(({ data }) => JSON.parse(data))
  expect(events[0]).toMatchObject({ state: 'submitting', fileId: null })
  expect(events.at(-1)).toEqual(await (await fetch(told.statusUrl)).json())
})
