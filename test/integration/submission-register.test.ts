import { expect, test } from 'vitest'
import { readRows } from '../support/database.ts'
import { startReceiver } from '../support/receiver.ts'
import { ADMIN_KEY, API_KEY, startTracker } from '../support/tracker.ts'
import { deliver, FILE_ID, payload, register, statusOf } from '../support/webhooks.ts'

test('a registration returns 201 with the URLs that the caller needs', async () => {
  const tracker = await startTracker()
  const response = await tracker.fetch('/submissions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      extensions: [{ name: 'remove-bg', options: { add_shadow: true } }, { name: 'ai-tasks' }],
    }),
  })
  expect(response.status).toBe(201)
  const registered = (await response.json()) as Record<string, string>
  expect(Object.keys(registered)).toEqual(['submissionId', 'webhookUrl', 'statusUrl', 'eventsUrl'])
  const { submissionId = '', webhookUrl = '', statusUrl = '', eventsUrl = '' } = registered
  expect(response.headers.get('location')).toBe(`${tracker.url}/submissions/${submissionId}`)
  expect(webhookUrl.startsWith(`${tracker.url}/webhooks/extension/`)).toBe(true)
  expect(statusUrl).toMatch(new RegExp(`^${tracker.url}/submissions/${submissionId}\\?token=[\\w-]{43}$`))
  expect(eventsUrl).toBe(statusUrl.replace('?', '/events?'))

  const submission = await (await fetch(statusUrl)).json()
  expect(submission).toEqual({
    submissionId,
    kind: 'external',
    state: 'submitting',
    fileId: null,
    statusUrl,
    eventsUrl,
    error: null,
    extensions: [
      expect.objectContaining({ name: 'remove-bg' }),
      expect.objectContaining({ name: 'ai-tasks' }),
    ],
  })
  expect(submission).toMatchObject({
    extensions: [
      { status: 'pending', source: 'request', attempt: 1, submissionId, settledAt: null, error: null },
      { status: 'pending' },
    ],
  })
})

test('a registration creates one run for each distinct name', async () => {
  const tracker = await startTracker()
  await register(tracker, ['remove-bg', 'ai-tasks', 'remove-bg'])
  expect((await statusOf(tracker)).extensions.map(({ name }) => name)).toEqual(['remove-bg', 'ai-tasks'])
})

test('a registration with a fileId makes the asset pending at once, and returns its statusUrl', async () => {
  const tracker = await startTracker()
  const { statusUrl, submissionId } = await register(tracker, ['remove-bg'])
  expect(statusUrl).toMatch(new RegExp(`^${tracker.url}/assets/${FILE_ID}/status\\?token=[\\w-]{43}$`))
  expect(await (await fetch(statusUrl)).json()).toMatchObject({ fileId: FILE_ID, status: 'pending' })
  const submission = await (await tracker.fetch(`/submissions/${submissionId}`)).json()
  expect(submission).toMatchObject({ fileId: FILE_ID, statusUrl, state: 'submitting' })
})

test('a fileId with special characters is returned in a URL that works', async () => {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg'], 'a?b#c ü%')
  expect(await (await fetch(statusUrl)).json()).toMatchObject({ fileId: 'a?b#c ü%', status: 'pending' })
})

test('the error for a registration names missing, invalid and unknown fields together', async () => {
  const tracker = await startTracker()
  const errorsOf = async (registration: object) => {
    const body = JSON.stringify(registration)
    const response = await tracker.fetch('/submissions', { method: 'POST', body })
    expect(response.status).toBe(400)
    const { errors } = (await response.json()) as { errors: { field: string; message: string }[] }
    return errors.toSorted((one, other) => one.field.localeCompare(other.field))
  }
  expect(await errorsOf({ fileId: 1 })).toMatchObject([{ field: 'extensions' }, { field: 'fileId' }])
  const webhookUrl = 'http://10.0.0.1/hook'
  expect(
    await errorsOf({ extensions: [{ options: {} }], fileId: 7, webhookUrl, folder: '/cats' }),
  ).toMatchObject([
    { field: 'extensions' },
    { field: 'fileId' },
    { field: 'folder' },
    { field: 'webhookUrl', message: expect.stringContaining('is a private address') },
  ])
})

const deepArray = '['.repeat(1000) + ']'.repeat(1000)

test.each([
  ['no extensions', '{}', 'extensions'],
  ['an empty list', '{"extensions":[]}', 'extensions'],
  ['extensions that are not a list', '{"extensions":{"name":"remove-bg"}}', 'extensions'],
  ['a JSON string in place of a list', '{"extensions":"[{\\"name\\":\\"remove-bg\\"}]"}', 'extensions'],
  ['an extension without a name', '{"extensions":[{"options":{}}]}', 'extensions'],
  ['an extension with an empty name', '{"extensions":[{"name":""}]}', 'extensions'],
  ['an extension that is a string', '{"extensions":["remove-bg"]}', 'extensions'],
  ['a fileId that is not a string', '{"extensions":[{"name":"x"}],"fileId":7}', 'fileId'],
  ['an empty fileId', '{"extensions":[{"name":"x"}],"fileId":""}', 'fileId'],
  ['a fileId with a lone surrogate', '{"extensions":[{"name":"x"}],"fileId":"a\\ud800"}', 'fileId'],
  [
    'a fileId that is a path segment of our route /assets/status',
    '{"extensions":[{"name":"x"}],"fileId":"status"}',
    'fileId',
  ],
  [
    'a fileId that is a path segment of our route /runs/retry',
    '{"extensions":[{"name":"x"}],"fileId":"retry"}',
    'fileId',
  ],
  ['a fileId with a NUL', '{"extensions":[{"name":"x"}],"fileId":"a\\u0000"}', 'fileId'],
  ['a field that is unknown', '{"extensions":[{"name":"x"}],"fileNam":"a.jpg"}', 'fileNam'],
  ['an unknown field named __proto__', '{"extensions":[{"name":"x"}],"__proto__":{}}', '__proto__'],
  ['a fileName that is not a string', '{"extensions":[{"name":"x"}],"fileName":7}', 'fileName'],
  ['a webhookUrl that is not a URL', '{"extensions":[{"name":"x"}],"webhookUrl":"shop"}', 'webhookUrl'],
  ['a list', '[]', undefined],
  ['null', 'null', undefined],
  ['text that is not JSON', 'extensions=x', undefined],
  ['an empty body', '', undefined],
  [
    'a body whose options are nested too deeply',
    `{"extensions":[{"name":"x","options":${deepArray}}]}`,
    undefined,
  ],
])(
  '%s gets 400, and the error names the invalid field, unless the whole body is invalid',
  async (_, body, field) => {
    const tracker = await startTracker()
    const response = await tracker.fetch('/submissions', { method: 'POST', body })
    expect(response.status).toBe(400)
    const problem = (await response.json()) as { code: string; errors?: { field: string; message: string }[] }
    expect(problem.code).toBe('invalid_input')
    if (field === undefined) return
    expect(problem.errors?.[0]?.field).toBe(field)
    expect(problem.errors?.[0]?.message).toEqual(expect.any(String))
  },
)

test('at most twenty unknown fields are named', async () => {
  const tracker = await startTracker()
  const unknown = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`field-${index}`, 1]))
  const body = JSON.stringify({ extensions: [{ name: 'remove-bg' }], ...unknown })
  const response = await tracker.fetch('/submissions', { method: 'POST', body })
  expect(response.status).toBe(400)
  expect(((await response.json()) as { errors: unknown[] }).errors).toHaveLength(20)
})

test('a fileName is stored, and the webhookUrl of the caller is notified when a webhook settles the run', async () => {
  const receiver = await startReceiver()
  const tracker = await startTracker({ ALLOW_PRIVATE_TARGETS: 'true' })
  const body = {
    extensions: [{ name: 'remove-bg' }],
    fileName: 'shirt.jpg',
    webhookUrl: receiver.url,
  }
  const response = await tracker.fetch('/submissions', { method: 'POST', body: JSON.stringify(body) })
  expect(response.status).toBe(201)
  const { webhookUrl } = (await response.json()) as { webhookUrl: string }
  const operator = { authorization: `Bearer ${ADMIN_KEY}` }
  const { runs } = (await (await tracker.fetch('/runs', { headers: operator })).json()) as { runs: unknown[] }
  expect(runs).toMatchObject([{ fileName: 'shirt.jpg', kind: 'external' }])
  await deliver(webhookUrl, payload('remove-bg', 'success'))
  await expect.poll(() => receiver.requests.map(({ path }) => path)).toEqual(['/hook'])
})

test('a registration over 1 MiB gets 413', async () => {
  const tracker = await startTracker()
  const response = await tracker.fetch('/submissions', { method: 'POST', body: ' '.repeat(1024 * 1024 + 1) })
  expect(response.status).toBe(413)
})

test('a registration requires a key; the token of a submission is not enough', async () => {
  const tracker = await startTracker()
  const { statusUrl } = await register(tracker, ['remove-bg'], null)
  const body = '{"extensions":[{"name":"remove-bg"}]}'
  const { search } = new URL(statusUrl)
  expect((await fetch(`${tracker.url}/submissions`, { method: 'POST', body })).status).toBe(401)
  expect((await fetch(`${tracker.url}/submissions${search}`, { method: 'POST', body })).status).toBe(401)
  const wrong = await fetch(`${tracker.url}/submissions`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${API_KEY}x` },
  })
  expect(wrong.status).toBe(401)
})

test('a submission stores the name of its API key, not the key', async () => {
  const tracker = await startTracker()
  await register(tracker, ['remove-bg'])
  await tracker.service.stop()
  const [row] = await readRows(tracker.database, 'SELECT * FROM submissions')
  expect(row).toMatchObject({ key_name: 'app', kind: 'external' })
  expect(JSON.stringify(row)).not.toContain(API_KEY)
})
