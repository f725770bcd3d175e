import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { type RunningTracker, startTracker } from '../support/tracker.ts'
import { EXTENSIONS, FILE, FILE_NAME, upload } from '../support/uploads.ts'
import { deliver, FILE_ID, register, statusOf } from '../support/webhooks.ts'
import { wideList, wideObject } from '../support/wide-json.ts'

/** The size of a wide value: the maximum of a body, 1 MiB, minus room for the JSON around the value. */
const WIDE_BYTES = 1024 * 1024 - 500
/**
 * The maximum CPU time of one request, including its caller, which runs in this process. Elapsed time would depend on the load of the
 * machine.
 */
const MAX_CPU_MS = 2000

/** Expects that `work` takes less than `MAX_CPU_MS` of CPU time, and returns its result. */
async function withCpuLimit<T>(work: () => Promise<T>): Promise<T> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  expect((user + system) / 1000).toBeLessThan(MAX_CPU_MS)
  return result
}

const LISTS = {
  'empty objects': wideList('{}', WIDE_BYTES),
  tags: wideList('{"name":"n","source":"s"}', WIDE_BYTES),
}
const OBJECTS = {
  statuses: wideObject('"success"', WIDE_BYTES),
}
const WIDE = Object.entries({ ...LISTS, ...OBJECTS })

/** Reports ImageKit's response to a submission, within the CPU limit. `members`: its JSON members besides the `fileId`. */
async function putResponse(
  tracker: RunningTracker,
  submissionId: string,
  members: string,
): Promise<Response> {
  const body = `{"fileId":"${FILE_ID}",${members}}`
  return withCpuLimit(() => tracker.fetch(`/submissions/${submissionId}/response`, { method: 'PUT', body }))
}

test.each(WIDE)(
  'a response with a million bytes of %s is processed within the CPU limit',
  async (_, wide) => {
    const tracker = await startTracker()
    for (const member of ['AITags', 'tags', 'customMetadata']) {
      const { submissionId } = await register(tracker, ['remove-bg'], null)
      const value = member === 'customMetadata' ? `{"a":${wide}}` : wide
      expect((await putResponse(tracker, submissionId, `"${member}":${value}`)).status).toBe(200)
    }
  },
)

test('a response with more extensions than a request may have is rejected', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  const response = await putResponse(tracker, submissionId, `"extensionStatus":${OBJECTS.statuses}`)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({
    code: 'invalid_input',
    errors: [{ field: 'extensionStatus', message: 'has more than 100 extensions' }],
  })
  const hundred = JSON.stringify(
    Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`e${index}`, 'failed'])),
  )
  expect((await putResponse(tracker, submissionId, `"extensionStatus":${hundred}`)).status).toBe(200)
  // One for the requested extension, and one for each that the response names.
  expect((await statusOf(tracker)).extensions).toHaveLength(101)
})

test('a submission has at most 200 runs, however many extensions its responses name', async () => {
  const tracker = await startTracker()
  const { submissionId } = await register(tracker, ['remove-bg'], null)
  for (let round = 0; round < 5; round += 1) {
    const names = Array.from({ length: 100 }, (_, index) => [`e${round}-${index}`, 'failed'])
    const extensionStatus = JSON.stringify(Object.fromEntries(names))
    expect((await putResponse(tracker, submissionId, `"extensionStatus":${extensionStatus}`)).status).toBe(
      200,
    )
  }
  expect((await statusOf(tracker)).extensions).toHaveLength(200)
})

test.each(WIDE)(
  'extensions that are a million bytes of %s are rejected within the CPU limit',
  async (_, wide) => {
    const imagekit = await startMisbehavingImagekit((call) => call.readForm())
    const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
    const body = `{"extensions":${wide}}`
    const registered = await withCpuLimit(() => tracker.fetch('/submissions', { method: 'POST', body }))
    expect(registered.status).toBe(400)
    // A list is rejected by its length alone.
    if (wide.startsWith('['))
      expect(await registered.json()).toMatchObject({
        errors: [{ field: 'extensions', message: 'has more than 100 extensions' }],
      })
    const updated = await withCpuLimit(() => tracker.fetch('/v1/files/a/details', { method: 'PATCH', body }))
    expect(updated.status).toBe(400)
    const uploaded = await withCpuLimit(() => upload(tracker, [FILE, FILE_NAME, ['extensions', wide]]))
    expect(uploaded.status).toBe(400)
  },
)

test.each(WIDE)('a webhook with a million bytes of %s is processed within the CPU limit', async (_, wide) => {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  for (const member of ['error', 'fileObject']) {
    const body = `{"service":"remove-bg","status":"FAILURE","fileId":"${FILE_ID}","${member}":${wide}}`
    expect((await withCpuLimit(() => deliver(webhookUrl, body))).status).toBe(200)
  }
  expect((await statusOf(tracker)).status).toBe('failed')
})

test("ImageKit's response to an upload is returned unchanged, but only the first hundred extensions in it get runs", async () => {
  const file = JSON.stringify(uploadedFile(FILE_ID)).slice(0, -1)
  const text = `${file},"customMetadata":{"a":${LISTS['empty objects']}},"extensionStatus":${OBJECTS.statuses}}`
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    call.respond(200, text)
  })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url })
  const response = await withCpuLimit(() => upload(tracker, [FILE, FILE_NAME, ['extensions', EXTENSIONS]]))
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(text)
  // One for the requested extension, which the response does not name, and one for each of the first hundred that it names.
  expect((await statusOf(tracker)).extensions).toHaveLength(101)
})
