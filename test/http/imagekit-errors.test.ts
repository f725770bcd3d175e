import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { rawBytes } from '../support/raw-request.ts'
import { API_KEY, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { FILE, FILE_NAME, getSubmission, UPLOAD, upload } from '../support/uploads.ts'
import { openWatchedStore } from '../support/watched-store.ts'

const FORWARDED = ['/api/v1/files/upload', '/api/v2/files/upload', '/v1/files/x/details']

/** Asserts that the response is an error in ImageKit’s shape, which an SDK can read. Returns its message. */
async function expectImagekitError(response: Response, status: number): Promise<string> {
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/json')
  const body = (await response.json()) as { message: string }
  expect(body).toEqual({ message: expect.any(String), help: expect.any(String) })
  return body.message
}

test.each([
  '/v1',
  '/v1/',
  '/v1/files',
  '/v1/files/x',
  '/v1/files/x/details/y',
  '/v1//files/x/details',
  '/api/v1',
  '/api/v1/files',
  '/api/v1/files/uploads',
  '/api/v2/files/upload/x',
])('%s is not forwarded: its 404 says so, in ImageKit’s shape', async (path) => {
  const tracker = await startTracker()
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
    const message = await expectImagekitError(await tracker.fetch(path, { method }), 404)
    expect(message).toContain('The tracker does not forward this address')
    expect(message).toContain('directly to ImageKit')
  }
})

test.each(FORWARDED)(
  '%s rejects a wrong method and a wrong key with errors in ImageKit’s shape',
  async (path) => {
    const tracker = await startTracker()
    for (const address of [path, `${path}/`]) {
      const wrongMethod = await tracker.fetch(address)
      expect(wrongMethod.headers.get('allow')).toBe(path.startsWith('/api') ? 'POST' : 'PATCH')
      await expectImagekitError(wrongMethod, 405)
      const method = path.startsWith('/api') ? 'POST' : 'PATCH'
      await expectImagekitError(
        await tracker.fetch(address, { method, headers: { authorization: 'Bearer no' } }),
        401,
      )
    }
  },
)

test.each([...FORWARDED, '/v1/files'])(
  'without configured keys, %s rejects a request that is not local with an error in ImageKit’s shape',
  async (path) => {
    const tracker = await startTracker({ TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
    await expectImagekitError(
      await tracker.fetch(path, { headers: { origin: 'https://evil.example.com' } }),
      403,
    )
  },
)

test('a request with too many headers to one of ImageKit’s paths gets an error in ImageKit’s shape', async () => {
  const tracker = await startTracker()
  // 201 headers. A request must have fewer than 200.
  const head = `PATCH /v1/files/x/details HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'x: y\r\n'.repeat(199)}\r\n`
  const [response = '', body = ''] = (await rawBytes(tracker.url, head)).split('\r\n\r\n')
  expect(response).toMatch(/^HTTP\/1\.1 431 /)
  expect(response.toLowerCase()).toContain('content-type: application/json\r\n')
  expect(JSON.parse(body)).toEqual({ message: expect.any(String), help: expect.any(String) })
})

test('an upload that is too large gets an error in ImageKit’s shape', async () => {
  const imagekit = await startMisbehavingImagekit((call) => call.readForm())
  const tracker = await startTracker({ MAX_UPLOAD_BYTES: '1KiB', IMAGEKIT_UPLOAD_URL: imagekit.url })
  await expectImagekitError(await upload(tracker, [['file', 'x'.repeat(2000), 'a.txt']]), 413)
})

test('an update that cannot be stored gets an error in ImageKit’s shape', async () => {
  const database = await createTestDatabase()
  const { store } = await openWatchedStore(database)
  const failing = { ...store, createSubmission: () => Promise.reject(new Error('broken')) }
  const tracker = await startTracker({}, { store: failing }, database)
  const failed = await tracker.fetch('/v1/files/x/details', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  await expectImagekitError(failed, 500)
})

test('a trailing slash leads to the same route and the same Idempotency-Key scope', async () => {
  const { tracker, sandbox } = await startTrackerAndSandbox()
  const headers = { 'idempotency-key': 'key-1' }
  const first = await upload(tracker, [FILE, FILE_NAME], { path: `${UPLOAD}/`, headers })
  const again = await upload(tracker, [FILE, FILE_NAME], { path: UPLOAD, headers })
  expect([first.status, again.status]).toEqual([200, 200])
  const uploaded = (await first.json()) as { fileId: string }
  expect(await again.json()).toEqual(uploaded)
  expect(sandbox.uploads()).toHaveLength(1)
  const updated = await fetch(`${tracker.url}/v1/files/${uploaded.fileId}/details/`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tags: ['a'] }),
  })
  expect(updated.status).toBe(200)
  expect(await getSubmission(tracker, updated.headers.get('x-submission-id'))).toMatchObject({
    kind: 'update',
    fileId: uploaded.fileId,
  })
})
