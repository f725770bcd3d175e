import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { rawRequest } from '../support/raw-request.ts'
import { ADMIN_KEY, API_KEY, IMAGEKIT_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { BOUNDARY, FILE, FILE_NAME, openUpload, partText, UPLOAD, upload } from '../support/uploads.ts'

const PATHS = [UPLOAD, '/api/v2/files/upload', '/v1/files/598821f949c0a938d57563bd/details']
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

test.for([
  ['an API key as bearer token', `Bearer ${API_KEY}`],
  ['an admin key as bearer token', `Bearer ${ADMIN_KEY}`],
  ['an API key as the user name of Basic authentication', basic(`${API_KEY}:`)],
  ['an API key with a Basic password, which is ignored', basic(`${API_KEY}:do_not_set`)],
] as const)(
  '%s is accepted, and the tracker sends ImageKit the private key instead',
  async ([, authorization]) => {
    const imagekit = await startMisbehavingImagekit(async (call) => {
      await call.readForm()
      call.respond(200, uploadedFile('file1'))
    })
    const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
    const response = await upload(tracker, [FILE, FILE_NAME], { headers: { authorization } })
    expect(response.status).toBe(200)
    const [call] = imagekit.calls
    expect(call?.headers.authorization).toBe(basic(`${IMAGEKIT_KEY}:`))
    const sent = JSON.stringify(call?.headers) + call?.received
    for (const secret of [API_KEY, ADMIN_KEY, authorization]) expect(sent).not.toContain(secret)
  },
)

test.for([
  ['no Authorization header', undefined],
  ['an unknown key', 'Bearer another-key-0123456789'],
  ['ImageKit’s private key', basic(`${IMAGEKIT_KEY}:`)],
  ['an API key as the password of Basic authentication', basic(`:${API_KEY}`)],
  ['an API key with another scheme', `Digest ${API_KEY}`],
] as const)('%s gets 401 in ImageKit’s shape, on each path', async ([, authorization]) => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  for (const path of PATHS) {
    const headers = authorization === undefined ? {} : { authorization }
    const method = path.endsWith('details') ? 'PATCH' : 'POST'
    const response = await rawRequest(tracker.url, { method, path, headers, body: '{}' })
    expect(response.status).toBe(401)
    expect(response.headers['www-authenticate']).toContain('Bearer')
    expect(JSON.parse(response.body)).toEqual({ message: expect.any(String), help: expect.any(String) })
  }
  expect([...sandbox.uploads(), ...sandbox.updates()]).toEqual([])
})

test('a wrong key gets 401 before the file has arrived', async () => {
  const { tracker } = await startTrackerAndSandbox({}, { drainMs: 100 })
  const caller = openUpload(tracker, { authorization: 'Bearer wrong' })
  caller.write(`--${BOUNDARY}\r\n${partText('name="file"', 'x')}`)
  expect((await caller.response).status).toBe(401)
})

test('without configured keys, a request through a proxy gets a 403 in ImageKit’s shape', async () => {
  const env = { TRACKER_API_KEY: undefined, TRACKER_ADMIN_KEY: undefined }
  const { tracker } = await startTrackerAndSandbox(env)
  for (const path of PATHS) {
    const headers = { 'x-forwarded-for': '203.0.113.1' }
    const response = await rawRequest(tracker.url, { method: 'POST', path, headers })
    expect(response.status).toBe(403)
    expect(JSON.parse(response.body)).toEqual({ message: expect.any(String), help: expect.any(String) })
  }
})

test('without configured keys, a local caller may upload', async () => {
  const env = { TRACKER_API_KEY: undefined, TRACKER_ADMIN_KEY: undefined }
  const { tracker } = await startTrackerAndSandbox(env)
  const response = await upload(tracker, [FILE, FILE_NAME], { headers: { authorization: '' } })
  expect(response.status).toBe(200)
})

test('no error response contains ImageKit’s private key', async () => {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await (call.path.endsWith('details') ? call.readJson() : call.readForm())
    call.breakOff()
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url, IMAGEKIT_API_URL: imagekit.url })
  const responses = [
    await upload(tracker, [FILE, FILE_NAME]),
    await upload(tracker, [FILE]),
    await upload(tracker, [FILE, ['extensions', 'x']]),
    await tracker.fetch(PATHS[2] ?? '', { method: 'PATCH', body: '{}' }),
    await tracker.fetch(UPLOAD),
  ]
  const encoded = basic(`${IMAGEKIT_KEY}:`).slice('Basic '.length)
  for (const response of responses) {
    const text = JSON.stringify([...response.headers]) + (await response.text())
    expect(text).not.toContain(IMAGEKIT_KEY)
    expect(text).not.toContain(encoded)
  }
})
