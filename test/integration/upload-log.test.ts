import { pino } from 'pino'
import { expect, test } from 'vitest'
import { startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { API_KEY, IMAGEKIT_KEY, startTracker } from '../support/tracker.ts'
import { type Entry, EXTENSIONS, FILE, FILE_NAME, upload } from '../support/uploads.ts'

const CALLER_URL: Entry = ['webhookUrl', 'https://hooks.example.com/secret-path']

test('each upload is logged in one line, without secrets', async () => {
  let status = 200
  const imagekit = await startMisbehavingImagekit(async (call) => {
    await call.readForm()
    if (call.hasWholeForm)
      call.respond(status, status === 200 ? uploadedFile('file-1') : { message: 'No.', help: '' })
  })
  let logText = ''
  const logger = pino({ level: 'info' }, { write: (line: string) => (logText += line) })
  const tracker = await startTracker({ IMAGEKIT_UPLOAD_URL: imagekit.url }, { logger })
  const uploadLines = () =>
    logText
      .split('\n')
      .filter((line) => line.includes('"event":"upload.'))
      .map((line): { [field: string]: unknown } => JSON.parse(line))

  const accepted = await upload(tracker, [FILE, FILE_NAME, ['extensions', EXTENSIONS], CALLER_URL])
  status = 400
  const rejected = await upload(tracker, [FILE, FILE_NAME])
  status = 500
  const unconfirmed = await upload(tracker, [FILE, FILE_NAME])
  const invalid = await upload(tracker, [FILE, FILE_NAME, ['extensions', '{}']])
  expect([accepted, rejected, unconfirmed, invalid].map((response) => response.status)).toEqual([
    200, 400, 500, 400,
  ])

  const commonFields = {
    // pino's number for `info`
    level: 30,
    bytes: expect.any(Number),
    ms: expect.any(Number),
    msg: 'upload finished',
  }
  const idOf = (response: Response) => response.headers.get('x-submission-id')
  const requestId = invalid.headers.get('x-request-id')
  expect(requestId).toMatch(/./)
  await expect.poll(uploadLines).toMatchObject([
    {
      ...commonFields,
      event: 'upload.accepted',
      submissionId: idOf(accepted),
      fileId: 'file-1',
      status: 200,
      extensions: ['remove-bg'],
    },
    { ...commonFields, event: 'upload.rejected', submissionId: idOf(rejected), fileId: null, status: 400 },
    {
      ...commonFields,
      event: 'upload.unconfirmed',
      submissionId: idOf(unconfirmed),
      fileId: null,
      status: 500,
    },
    {
      ...commonFields,
      event: 'upload.rejected',
      requestId,
      submissionId: null,
      fileId: null,
      status: 400,
      extensions: [],
    },
  ])
  for (const { bytes } of uploadLines()) expect(bytes).toBeGreaterThan('hello'.length)
  const token = imagekit.calls[0]?.field('webhookUrl')?.split('/').at(-1) ?? 'none'
  // `hello` is the content of the file.
  for (const secret of [API_KEY, IMAGEKIT_KEY, token, 'secret-path', 'hello'])
    expect(logText).not.toContain(secret)
})
