import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { type RunningTracker, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { deliver, FILE_ID, payload } from '../support/webhooks.ts'

type Authorization = {
  token: string
  expire: number
  signature: string
  webhookUrl: string
  submissionId: string
  statusUrl: string
  eventsUrl: string
}

async function authorize(tracker: RunningTracker, query = ''): Promise<Authorization> {
  const response = await tracker.fetch(`/upload-auth${query}`)
  expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
  return (await response.json()) as Authorization
}

/** Uploads directly to the sandbox, as a browser does: without the private key. */
async function uploadDirectly(
  sandboxUrl: string,
  { token, expire, signature, webhookUrl }: Authorization,
  changes: { [field: string]: string } = {},
) {
  const form = new FormData()
  const fields = {
    fileName: 'shirt.jpg',
    publicKey: 'public_x',
    token,
    expire: String(expire),
    signature,
    webhookUrl,
  }
  for (const [name, value] of Object.entries({ ...fields, ...changes })) form.set(name, value)
  form.set('file', new Blob([imageBytes('shirt.jpg')]), 'shirt.jpg')
  const response = await fetch(`${sandboxUrl}/api/v1/files/upload`, { method: 'POST', body: form })
  return { status: response.status, json: (await response.json()) as { fileId: string; message: string } }
}

test('ImageKit accepts one upload with the signature, and the webhooks of its extensions settle the registered submission', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox()
  const authorization = await authorize(tracker, '?extensions=remove-bg,%20ai-tasks&fileName=shirt.jpg')
  const extensions = '[{"name":"remove-bg"},{"name":"ai-tasks"}]'
  const { status, json } = await uploadDirectly(sandboxUrl, authorization, { extensions })
  expect(status).toBe(200)
  const settled = await fetch(`${authorization.statusUrl}&wait=20`)
  expect(await settled.json()).toMatchObject({
    submissionId: authorization.submissionId,
    state: 'accepted',
    fileId: json.fileId,
    extensions: [
      { name: 'remove-bg', status: 'success', source: 'webhook' },
      { name: 'ai-tasks', status: 'success', source: 'webhook' },
    ],
  })
  const again = await uploadDirectly(sandboxUrl, authorization)
  expect(again).toMatchObject({ status: 400, json: { message: expect.stringContaining('token') } })
})

test('every authorization has its own token and submission, and a changed time makes its signature invalid', async () => {
  const { tracker, sandboxUrl } = await startTrackerAndSandbox()
  const [one, other] = [await authorize(tracker), await authorize(tracker)]
  expect(one.token).not.toBe(other.token)
  expect(one.submissionId).not.toBe(other.submissionId)
  const changed = await uploadDirectly(sandboxUrl, one, { expire: String(one.expire + 1) })
  expect(changed).toMatchObject({ status: 400, json: { message: expect.stringContaining('signature') } })
})

test('expiresIn sets how long the signature is valid: half an hour by default, less than an hour at most', async () => {
  const now = Date.UTC(2026, 2, 1)
  const tracker = await startTracker({}, { clock: () => now })
  const validFor = async (query: string) => (await authorize(tracker, query)).expire - now / 1000
  expect(await validFor('')).toBe(1800)
  expect(await validFor('?expiresIn=60')).toBe(60)
  expect(await validFor('?expiresIn=3540')).toBe(3540)
  for (const expiresIn of ['0', '3541', '-1', '1.5', 'x']) {
    const rejected = await tracker.fetch(`/upload-auth?expiresIn=${expiresIn}`)
    expect([expiresIn, rejected.status]).toEqual([expiresIn, 400])
    expect(await rejected.json()).toMatchObject({ errors: [{ field: 'expiresIn' }] })
  }
})

test('the extensions may also be JSON; without them, the reported response names them', async () => {
  const tracker = await startTracker()
  const json = encodeURIComponent('[{"name":"remove-bg","options":{"bg_color":"red"}}]')
  const registered = await authorize(tracker, `?extensions=${json}`)
  expect(await (await fetch(registered.statusUrl)).json()).toMatchObject({
    extensions: [{ name: 'remove-bg' }],
  })

  const unregistered = await authorize(tracker)
  await deliver(unregistered.webhookUrl, payload('ai-tasks', 'success'))
  const responseUrl = unregistered.statusUrl.replace('?', '/response?')
  const body = JSON.stringify({ fileId: FILE_ID, extensionStatus: { 'ai-tasks': 'pending' } })
  const headers = { 'content-type': 'application/json' }
  expect(await (await fetch(responseUrl, { method: 'PUT', headers, body })).json()).toMatchObject({
    status: 'success',
    extensionStatus: { 'ai-tasks': 'success' },
  })
  for (const extensions of [',', '[', '[{}]', 'a,,b'])
    expect((await tracker.fetch(`/upload-auth?extensions=${extensions}`)).status).toBe(400)
})
