import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { startTracker } from '../support/tracker.ts'
import {
  BOUNDARY,
  EXTENSIONS,
  FILE,
  FILE_NAME,
  getSubmission,
  openUpload,
  partText,
  upload,
} from '../support/uploads.ts'

const FORM = [FILE, FILE_NAME, ['extensions', EXTENSIONS] satisfies [string, string]]
const IK_HEADERS = {
  'x-ik-requestId': 'request-1',
  'X-RateLimit-Limit': '5',
  'X-RateLimit-Reset': '100',
  'X-RateLimit-Interval': '1000',
}

/** Uploads to an ImageKit that reads the whole form and sends this response. */
async function uploadWithResponse(
  status: number,
  body: string,
  headers: { [name: string]: string } = IK_HEADERS,
) {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    call.respond(status, body, headers)
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
  const response = await upload(tracker, FORM)
  const submissionId = response.headers.get('x-submission-id')
  return { tracker, imagekit, response, submissionId, submission: await getSubmission(tracker, submissionId) }
}

test('ImageKit’s response is returned byte for byte, with its request id, its rate limits and the tracker’s links', async () => {
  const body = ` ${JSON.stringify(uploadedFile('file?1', { name: 'Größe.jpg', unknown: 1.5e300 }))}\n`
  const { tracker, response, submission } = await uploadWithResponse(200, body)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(body)
  expect(response.headers.get('content-type')).toBe('application/json')
  for (const [name, value] of Object.entries(IK_HEADERS)) expect(response.headers.get(name)).toBe(value)
  expect(response.headers.get('x-should-retry')).toBeNull()
  const link = response.headers.get('link') ?? ''
  const [statusLink = '', eventsLink = ''] = link.split(', ')
  expect(statusLink).toMatch(/^<http:.*\/assets\/file%3F1\/status\?token=[\w-]{43}>; rel="status"$/)
  expect(eventsLink).toBe(statusLink.replace('/status?', '/events?').replace('"status"', '"events"'))
  const status = await fetch(link.slice(1, link.indexOf('>')))
  expect(await status.json()).toMatchObject({ fileId: 'file?1', status: 'pending' })
  expect(submission).toMatchObject({ state: 'accepted', fileId: 'file?1', error: null })
  expect(submission.submissionId).toBe(response.headers.get('x-submission-id'))
  expect(tracker.url).toBe(new URL(link.slice(1, link.indexOf('>'))).origin)
})

test('an upload whose pre-transformation is queued is accepted without a fileId and without a link', async () => {
  const body = '{"message":"The pre-transformation has been queued successfully."}'
  const { response, submission } = await uploadWithResponse(202, body)
  expect(response.status).toBe(202)
  expect(await response.text()).toBe(body)
  expect(response.headers.get('link')).toBeNull()
  expect(submission).toMatchObject({ state: 'accepted', fileId: null, extensions: [{ status: 'pending' }] })
})

test.for([400, 401, 403, 429])(
  'a rejection with %i is returned unchanged, and the submission is rejected',
  async (status) => {
    const body = '{"message":"Upload Limit Exceeded.","help":"For support kindly contact us."}'
    const { response, submission } = await uploadWithResponse(status, body)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(body)
    expect(response.headers.get('x-ik-requestid')).toBe('request-1')
    expect(response.headers.get('x-should-retry')).toBeNull()
    expect(response.headers.get('www-authenticate')).toBeNull()
    expect(submission).toMatchObject({
      state: 'rejected',
      error: { message: 'Upload Limit Exceeded.', status },
    })
  },
)

test.for<[number, string]>([
  [500, '{"message":"Internal Server Error"}'],
  [503, '<html>Service Unavailable</html>'],
  [200, '{"no":"fileId"}'],
  [200, 'not JSON'],
  [204, ''],
  [302, ''],
])(
  'a %i that leaves the result of the upload unknown is returned unchanged, with X-Should-Retry: false',
  async ([status, body]) => {
    const { response, submission } = await uploadWithResponse(status, body)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(body)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(response.headers.get('link')).toBeNull()
    expect(submission).toMatchObject({
      state: 'unconfirmed',
      fileId: null,
      error: { code: 'imagekit_unclear', status },
    })
  },
)

test('a rejection while the file is still streaming is returned at once', async () => {
  const body = '{"message":"Your account cannot be authenticated."}'
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readText('first half')
    call.respond(403, body)
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { drainMs: 100 })
  const caller = openUpload(tracker)
  caller.write(`--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'first half')}`)
  const response = await caller.response
  expect([response.status, response.body]).toEqual([403, body])
  expect(response.headers['x-should-retry']).toBeUndefined()
  expect(imagekit.calls[0]?.hasWholeForm).toBe(false)
})

test('a 500 while the file is still streaming may be retried, because nothing was uploaded', async () => {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readText('first half')
    call.respond(500, '{"message":"oops"}')
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { drainMs: 100 })
  const caller = openUpload(tracker)
  caller.write(`--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'first half')}`)
  const response = await caller.response
  expect([response.status, response.headers['x-should-retry']]).toEqual([500, undefined])
})

test('a success response before the form is complete becomes a 502', async () => {
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readText('first half')
    call.respond(200, uploadedFile('file1'))
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { drainMs: 100 })
  const caller = openUpload(tracker)
  caller.write(`--${BOUNDARY}\r\n${partText('name="file"; filename="a"', 'first half')}`)
  expect((await caller.response).status).toBe(502)
  expect((await tracker.fetch('/assets/file1/status')).status).toBe(404)
})
